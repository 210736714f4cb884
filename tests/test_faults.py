"""What Google and the network do wrong, step by step: where the job ends and what the user reads.

Every row of the tables (tests/faults_of_*.py) is a job; they all go through one studio at once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.jobs.job import State
from tests import faults_of_create, faults_of_download, faults_of_look
from tests.faults_kit import Ran, check_files, check_secrets, check_state, run
from tests.strict_google import KEY, Plan, StrictGoogle
from tests.studio_kit import made, studio_on

pytestmark = pytest.mark.slow

FAULTS = {
    fault.name: fault
    for table in (faults_of_look, faults_of_download, faults_of_create)
    for fault in table.FAULTS
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(FAULTS.values(), tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("name", FAULTS)
def test_the_job_stands_where_it_should_and_its_user_knows_why(ran: Ran, name: str) -> None:
    check_state(ran, FAULTS[name])


def test_no_fault_leaves_a_partial_file(ran: Ran) -> None:
    check_files(ran)


def test_no_fault_shows_a_secret(ran: Ran) -> None:
    check_secrets(ran)


def test_a_word_that_is_no_end_means_that_it_runs(tmp_path: Path) -> None:
    seen = run(faults_of_look.STILL, tmp_path)
    for fault in faults_of_look.STILL:
        check_state(seen, fault)


async def test_a_redirect_to_another_host_is_followed_without_the_key(tmp_path: Path) -> None:
    async with StrictGoogle() as google, StrictGoogle() as elsewhere:
        there = elsewhere.url.replace("127.0.0.1", "localhost") + "/v1/files/abc:download"
        elsewhere.plan("file", Plan(200, google.video))
        google.plan("file", Plan(302, headers={"location": there}))
        async with studio_on(google, tmp_path) as studio:
            job = await made(studio)
    assert job.state is State.COMPLETED
    (seen,) = elsewhere.requests
    assert KEY not in str(seen)
