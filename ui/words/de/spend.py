"""The texts of Settings & spend in German."""

from __future__ import annotations

from ui.words.spend_words import SpendWords

WORDS = SpendWords(
    title="Kosten & Daten",
    skip="Zu den Zahlen springen",
    money="Kosten",
    today="Heute",
    month="Dieser Monat",
    utc="Tage und Monate beginnen um Mitternacht UTC.",
    spent="Ausgegeben",
    reserved="Vorgemerkt",
    unknown="Ungewiss",
    nothing_unknown="keine",
    at_most="{videos}, höchstens {price}",
    at_most_more="{videos}, höchstens {price} und {n} ohne Preis",
    unpriced="{videos} ohne Preis",
    left="Noch {left} von {limit}",
    over="Das {kind} Budget von {limit} ist aufgebraucht. Weiter geht es {again}.",
    daily="tägliche",
    monthly="monatliche",
    tomorrow="morgen (UTC)",
    next_month="nächsten Monat (UTC)",
    no_budget="Keine Grenze. {name} setzt eine.",
    explained=(
        "Ausgegeben ist, was Google meldet, sonst der Listenpreis. Ungewiss ist, was berechnet "
        "worden sein kann: ein Video, dessen Ausgang niemand erfuhr. Ein Budget zählt alle drei."
    ),
    all_simulated="Die Videos hier sind simuliert und kosten nichts.",
    simulated_free="{videos} der letzten 30 Tage waren simuliert und haben nichts gekostet.",
    simulated_free_one="1 Video der letzten 30 Tage war simuliert und hat nichts gekostet.",
    export="Als CSV exportieren",
    days="Die letzten 30 Tage",
    chart="Kosten je Tag vom {first} bis {last}: {total} insgesamt, am meisten {most} am {day}.",
    no_spend="In den letzten 30 Tagen wurde kein Geld ausgegeben oder vorgemerkt.",
    as_table="Tag für Tag, als Tabelle",
    by_day="Nach Tagen",
    by_model="Nach Modellen",
    by_owner="Nach Personen",
    day="Tag",
    model="Modell",
    owner="Person",
    videos="Videos",
    you="Selbst",
    visitor="Gast {name}",
    up_to="{n}, bis zu {price}",
    simulated_of="{n}, davon {simulated} simuliert",
    simulated_all="{n}, simuliert",
    providers="Anbieter",
    stand_in="Ersatzdienst",
    in_use="In Gebrauch",
    not_used="Nicht genutzt",
    out_of_reach="Unerreichbar",
    offers="Bietet {models}.",
    no_key={
        "gemini_api": "Es gibt keinen Schlüssel. GEMINI_API_KEY setzen und die App neu starten.",
        "agent_platform": (
            "Es gibt kein Projekt. GOOGLE_CLOUD_PROJECT setzen und die App neu starten."
        ),
    },
    has_key={
        "gemini_api": (
            "Ein Schlüssel ist gesetzt. Ob Google ihn annimmt, zeigt sich beim ersten Video."
        ),
        "agent_platform": (
            "Das Projekt {project} in {location} ist gesetzt. Ob die Anmeldung gilt, zeigt sich "
            "beim ersten Video."
        ),
    },
    switched_off="Eingerichtet, aber STAND_IN=always verhindert die Nutzung.",
    instead_of_google="Anfragen gehen an {host} statt an Google.",
    stand_in_used="Er simuliert alle Videos, kostenlos.",
    stand_in_rests="Er bedient Gäste, die den Schlüssel nicht nutzen dürfen.",
    stand_in_off="STAND_IN=never schaltet ihn ab.",
    library="Bibliothek",
    place="Ort",
    kept="Aufbewahrt",
    free="Frei",
    video="1 Video",
    many_videos="{n} Videos",
    free_space="{size} auf diesem Datenträger",
    check="Bibliothek prüfen",
    check_help="Liest jedes Video samt Eintrag und ändert nichts.",
    checking="Prüfung läuft: bisher {n}. Diese Seite kann verlassen werden.",
    checked="Geprüft {time} UTC: {videos}, {size}.",
    check_failed="Die Prüfung brach ab. Die Ursache steht im Protokoll des Servers.",
    owner_only="Das darf nur, wem das Studio gehört.",
    yours="Eigene Daten",
    yours_help="Alle eigenen Videos, ihre Prompts und Einstellungen, Bilder, Filme und Links.",
    take_along="Als ZIP exportieren",
    erase="Alles löschen",
    erase_help=(
        "Alles verschwindet sofort und lässt sich nicht zurückholen; Links darauf enden. Nur die "
        "Bücher behalten, was ausgegeben wurde, ohne Prompts. Was Google schon erzeugt, wird noch "
        "bezahlt und beim Eintreffen entfernt."
    ),
    erase_yes="Ja, alles Eigene löschen",
    keys="API-Schlüssel",
    keys_help=(
        "Für Programme, die /v1 im eigenen Namen nutzen: Sie sehen die eigenen Videos und geben "
        "aus, was man selbst ausgeben darf."
    ),
    no_keys="Noch gibt es keine.",
    key_name="Name",
    key_example="Wofür er ist",
    key_lasts="Gültig für",
    key_days="{n} Tage",
    key_make="Schlüssel anlegen",
    key_word="Der neue Schlüssel, nur jetzt zu sehen",
    key_copy="Kopieren",
    key_copied="Kopiert.",
    key_marked="Er ist markiert: mit Tastatur oder Menü kopieren.",
    key_made="Der Schlüssel ist angelegt. Jetzt kopieren: Er ist nicht noch einmal zu sehen.",
    key_born="Angelegt {day}",
    key_used="zuletzt genutzt {day}",
    key_unused="nie genutzt",
    key_expires="gültig bis {day}",
    key_over="abgelaufen {day}",
    key_revoke="Widerrufen",
    key_revoke_one="{name} widerrufen",
    key_revoke_help="Programme, die ihn senden, werden sofort abgewiesen.",
    key_revoke_yes="Ja, widerrufen",
    key_gone="Der Schlüssel ist widerrufen.",
    key_silent="Nichts wurde geändert: Der Server antwortet nicht. Noch einmal versuchen.",
    erase_silent="Nichts wurde gelöscht: Der Server antwortet nicht. Noch einmal versuchen.",
)
