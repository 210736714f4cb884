// OpenAI's own client, unmodified: create, follow, fetch, list, delete, error. Ends with 0 where all fits.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const [, , modules, url, sha256] = process.argv;
const { default: OpenAI, toFile } = await import(`${modules}/openai/index.mjs`);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none" });

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC",
  "base64",
);
let video = await client.videos.create({
  prompt: "A paper boat",
  seconds: "4",
  size: "1280x720",
  input_reference: await toFile(png, "boat.png", { type: "image/png" }),
});
assert.equal(video.status, "queued");
while (["queued", "in_progress"].includes(video.status)) {
  await sleep(100);
  video = await client.videos.retrieve(video.id);
}
assert.equal(video.status, "completed");
assert.equal(video.progress, 100);

const file = await client.videos.downloadContent(video.id);
const bytes = Buffer.from(await file.arrayBuffer());
assert.equal(createHash("sha256").update(bytes).digest("hex"), sha256);

const ids = [];
for await (const one of client.videos.list({ limit: 1 })) ids.push(one.id);
assert.deepEqual(ids, [video.id]);

await assert.rejects(client.videos.create({ prompt: "x", model: "sora-2" }), (error) => {
  assert.equal(error.status, 400);
  assert.match(error.message, /no model called sora-2/);
  return true;
});
assert.equal((await client.videos.delete(video.id)).deleted, true);
await assert.rejects(client.videos.retrieve(video.id), OpenAI.NotFoundError);
