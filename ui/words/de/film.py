"""The texts of the Storyboard in German."""

from __future__ import annotations

from studio.films.film import Link, Standing
from ui.words.film_words import FilmWords

WORDS = FilmWords(
    title="Storyboard",
    skip="Zu den Szenen springen",
    lead="Eine Geschichte in Szenen erzählen, daraus wird ein Film.",
    start="Film beginnen",
    from_script="Mit einem Drehbuch beginnen",
    script="Drehbuch",
    script_hint=(
        "Szene 1: Ein Leuchtturm im Sturm [8s]\nSzene 2: Der Wärter steigt die Treppe hinauf\n"
        "Szene 3: Die Lampe geht an"
    ),
    script_help=(
        "Szenen beginnen nach Leerzeilen oder bei Überschriften wie „Scene 1:“ oder „INT.“. "
        "Sekunden stehen in Klammern: [8s]. Noch wird nichts erzeugt oder bezahlt."
    ),
    script_go="In Szenen teilen",
    films="Filme",
    unnamed="Film ohne Namen",
    one_scene="1 Szene",
    scenes_n="{n} Szenen",
    put_together="zusammengefügt",
    all_films="Alle Filme",
    name="Name des Films",
    saved="Gespeichert",
    saving="Wird gespeichert",
    model="Modell",
    ratio="Seitenverhältnis",
    resolution="Auflösung",
    sound="Ton",
    with_sound="Mit Ton",
    without_sound="Stumm",
    fit="Bilder von anderer Form",
    fits={"crop": "Beschnitten", "pad": "Schwarz umrandet"},
    between="An Schnitten",
    fades={
        0.0: "Harter Schnitt",
        0.5: "Überblendung, halbe Sekunde",
        1.0: "Überblendung, eine Sekunde",
    },
    settings="Für alle Szenen",
    scenes="Szenen",
    scene="Szene {n}",
    prompt="Was in Szene {n} geschieht",
    hints=(
        "Wie beginnt es? Zum Beispiel: Ein Leuchtturm im Sturm bei Nacht, Wellen brechen an den "
        "Felsen, langsame Luftaufnahme",
        "Was geschieht dann? Zum Beispiel: Der Wärter steigt mit einer Laterne die Wendeltreppe "
        "hinauf, Handkamera, Schritte hallen",
        "Wie endet es? Zum Beispiel: Die große Lampe geht an, ihr Strahl streicht über das Meer, "
        "der Sturm legt sich",
    ),
    hint_more="Und dann?",
    seconds="Sekunden von Szene {n}",
    links={
        Link.CUT: "Schnitt",
        Link.LAST_FRAME: "Geht vom letzten Bild weiter",
        Link.EXTENSION: "Verlängert die Szene davor",
    },
    link="Wie Szene {n} an die Szene davor anschließt",
    earlier="Szene {n} nach vorn",
    later="Szene {n} nach hinten",
    remove="Szene {n} entfernen",
    drag="Zum Umordnen ziehen",
    add="Szene hinzufügen",
    moved="Szene {n} steht jetzt an Stelle {place}.",
    removed="Szene {n} entfernt. Ihr Video bleibt in der Bibliothek.",
    undo="Rückgängig",
    restored="Szene {n} ist wieder da.",
    pictures="Bilder von Szene {n}",
    slots={
        "first_frame": "Erstes Bild",
        "last_frame": "Letztes Bild",
        "reference_images": "Vorlage",
    },
    add_picture="{slot} von Szene {n}: Bild hinzufügen",
    remove_picture="{slot} von Szene {n}: Bild entfernen",
    standings={
        Standing.EMPTY: "Noch nicht geschrieben",
        Standing.READY: "Bereit",
        Standing.BUSY: "Wartet",
        Standing.DONE: "Fertig",
        Standing.CHANGED: "Fertig; seither geändert",
        Standing.OLDER: "Aus einer älteren Fassung der Szene davor",
        Standing.FAILED: "Es hat nicht geklappt",
        Standing.UNKNOWN: "Ausgang ungewiss",
    },
    waits_for_parent="Wartet auf die Szene davor",
    make="Diese Szene erzeugen · {price}",
    make_again="Neu erzeugen · {price}",
    retry="Noch einmal · {price}",
    costs_again="Noch einmal · kostet erneut",
    sure="Vielleicht hat Google das erste erzeugt und berechnet. Dies ist ein zweites.",
    pay_again="Ja, erneut zahlen, {price}",
    stop="Anhalten",
    stop_one="Szene {n} anhalten",
    play="Szene {n} abspielen",
    no_reason="Es wurde kein Grund genannt.",
    next="Der Film",
    write_first="Eine Szene beschreiben. Dann kann der Film entstehen.",
    make_film="Film erzeugen",
    make_all="{scenes} erzeugen · {seconds} s · {price}",
    the_scene="Die Szene",
    the_scenes="Alle {n} Szenen",
    more_scenes="{n} Szenen",
    one_more="1 Szene",
    making="{n} von {all} Szenen entstehen. Es geht auch ohne diese Seite weiter.",
    making_one="Eine Szene entsteht. Es geht auch ohne diese Seite weiter.",
    stop_all="Anhalten, was noch nicht gesendet ist",
    look_older=(
        "Szene {n} entstand aus einer älteren Fassung der Szene davor. Neu erzeugen oder behalten."
    ),
    look_unknown="Niemand weiß, ob Szene {n} erzeugt wurde. Bei der Szene lässt es sich klären.",
    no_model="Kein Modell ist erreichbar, also kann nichts erzeugt werden.",
    stitching="Der Film wird zusammengefügt",
    stitch="Film zusammenfügen",
    stitch_again="Neu zusammenfügen",
    stitch_free="Das kostet nichts und ändert keine Szene.",
    film_older="Dieser Film zeigt die Szenen, wie sie vorher waren.",
    player="Der fertige Film",
    export="Film exportieren",
    facts="{seconds} s · {width} mal {height} · {size}",
    lossless="Jedes Bild ist das des Clips, Bit für Bit.",
    encoded=(
        "Die Clips wurden neu kodiert, weil sie sich unterscheiden oder ineinander überblenden."
    ),
    provenance=(
        "KI-erzeugt. Die signierte Herkunft (C2PA) der Clips geht nicht in den Film über; die "
        "Clips in der Bibliothek behalten sie."
    ),
    simulated="Simuliert: Kein Clip darin stammt von Google.",
    cost="etwa {price}",
    free="kostenlos, simuliert",
    delete="Diesen Film löschen",
    delete_sure="Film und Szenen verschwinden endgültig. Die Videos bleiben in der Bibliothek.",
    delete_go="Ja, löschen",
    more_from_script="Szenen aus einem Drehbuch hinzufügen",
    offline=(
        "Das Studio ist nicht erreichbar. Geschriebenes bleibt in diesem Browser und wird "
        "gesendet, sobald es wieder da ist."
    ),
)
