"""The words of cost questions, in the languages that people ask in; each table maps words to what they mean.

Tables hold single lower-case words (underscored ones come from pasted usage objects). Rules that combine words are elsewhere.
"""

from __future__ import annotations

from bot.questions import Period


def _table(**groups: str) -> dict[str, str]:
    return {word: meaning for meaning, words in groups.items() for word in words.split()}


UNITS: dict[str, str] = _table(
    tokens="token tokens tok toks tkn tkns tks tokns jetons jeton mtok mtoks ktok trainingstoken trainingstokens trainings-tokens trainings-token training-tokens",
    words="word words wörter wörtern wortes woerter wort worte mots palabras palabra palavras palavra parole shabd",
    characters="character characters char chars zeichen caractères caracteres symbols",
    pages="a4-seite a4-seiten a4-page a4-pages din-a4-seiten page pages seite seiten página páginas pagina paginas pg pgs",
    bytes="byte bytes kb mb gb tb kilobytes megabytes gigabytes terabytes",
    requests=(
        "request requests req reqs call calls query queries prompt prompts hit hits inference inferences completion completions"
        " generation generations invocation invocations request/s anfrage anfragen aufruf aufrufe abfragen requête requete requêtes"
        " requetes appel appels petición peticion peticiones solicitud solicitudes consulta consultas llamada llamadas question"
        " questions sawal sawaal run runs job jobs task tasks operation operations interaction interactions transaction transactions search"
        " searches lookup lookups api-call api-calls rqs frage fragen"
    ),
    items=(
        "document documents doc docs pdf pdfs file files email emails mail mails e-mail e-mails ticket tickets review reviews article articles"
        " report reports summary summaries record records row rows item items invoice invoices contract contracts comment comments"
        " post posts tweet tweets chunk chunks entry entries product products paper papers resume resumes cv cvs letter snippet"
        " snippets transcript transcripts description descriptions listing listings lead leads case cases claim claims sample"
        " samples book books essay essays poem poems blogpost blogposts form forms dokument dokumente dokumenten documento documentos"
        " correos rechnungen mails"
        " letter letters step steps eval evals evaluations problem problems pr prs pull-request pull-requests issue issues bug bugs story stories samples bots commit commits order orders bestellung bestellungen commande commandes pedido pedidos novel novels classification classifications traduction traductions translation translations résumés resúmenes zusammenfassungen übersetzungen extractions predictions"
    ),
    conversations=(
        "conversation conversations chat chats session sessions dialog dialogs dialogue dialogues thread threads gespräch gespräche"
        " unterhaltungen conversación conversaciones"
    ),
    languages="language languages sprache sprachen langue langues idioma idiomas lengua lenguas",
    turns="gesprächsrunden ronda rondas intercambios tour tours runde runden turno turnos échange échanges turn turns exchange exchanges round rounds back-and-forths",
    messages="message messages msg msgs nachricht nachrichten mensaje mensajes reply replies sms",
    users=(
        "user users customer customers client clients people person employee employees seat seats student students member members agent"
        " agents subscriber subscribers player players visitor visitors dev devs developer developers engineer engineers nutzer benutzer"
        " kunden mitarbeiter utilisateur utilisateurs usuario usuarios logon log users' dau mau maus daus reps teammates colleagues colleague nurse nurses teacher teachers lawyer lawyers doctor doctors"
        " pupil pupils patient patients driver drivers clerk clerks analyst analysts recruiter recruiters consultant consultants"
        " accountant accountants paralegal paralegals advisor advisors adviser advisers salespeople technician technicians learner"
        " learners guest guests resident residents citizen citizens parent parents kids shopper shoppers freelancer freelancers"
        " volunteer volunteers staff personnel coworkers programmers testers researchers attorneys physicians caseworkers"
        " kolleg:innen kollegen mitarbeitende mitarbeitern mitarbeiterinnen nutzern kunde beschäftigte angestellte personen leute"
        " schüler lehrer anwälte ärzte berater entwickler studenten studierende sachbearbeiter vertriebler"
        " personne personnes employés employé salariés salarié étudiants élèves infirmières médecins avocats professeurs conseillers"
        " collaborateurs développeurs clientes empleados empleado personas estudiantes alumnos médicos abogados profesores bande banda bachche"
    ),
    gpu_hours="gpu-heure gpu-heures gpuheures gpu-horas gpu-stunde gpu-stunden gpustunde gpu-hr gpuhr gpu-hours gpu-hour gpuhours gpu-hrs gpu-h",
    gpus="gpu gpus card cards accelerator accelerators",
    flops="flops flop",
    parameters="param params parameter parameters parametres parametros parámetro parámetros paramètre paramètres parametern",
    epochs="pass epoch epochs epochen époques epocas épocas passes",
    examples="example examples datapoint datapoints beispiele exemples ejemplos pair pairs q&a-pairs datapoints beispielen paires pares trainingsbeispiele",
    images="image images picture pictures photo photos bild bilder imagen imágenes img imgs",
    minutes="minute minutes min mins minuten minutos",
    seconds="second seconds sec secs sekunden",
    hours="hour hours hr hrs h std stunde stunden heures heure horas hora ghante ghanta",
    days="day days tag tage tagen jour jours día dias días dia din",
    weeks="week weeks wk wks woche wochen semaine semaines semana semanas hafte",
    months="month months mo mos mth monat monate monaten mois mes meses mahine mahina",
    years="year years yr yrs jahr jahre jahren an ans année années año años saal",
    percent="% percent pct percentage prozent porcentaje pourcent percents",
    usd="$ dollar dollars dólar dólares dolares dolar usd bucks buck us$",
    cents="cent cents ¢",
    eur="€ euro euros eur",
    gbp="£ pound pounds gbp quid",
    inr="₹ rupee rupees rs inr rupaye",
    times="x times mal fois veces",
)

GERMAN_NOUNS: dict[str, str] = _table(
    tokens="token tokens",
    words="wort wörter wörtern worte worten wortes",
    characters="zeichen",
    pages="seite seiten",
    requests="anfrage anfragen aufruf aufrufe aufrufen abfrage abfragen frage fragen prompts",
    items=(
        "dokument dokumente dokumenten beschreibung beschreibungen rechnung rechnungen vertrag verträge verträgen bericht berichte"
        " berichten artikel artikeln bewertung bewertungen rezension rezensionen kommentar kommentare kommentaren beitrag beiträge"
        " beiträgen brief briefe briefen datei dateien mail mails emails ticket tickets protokoll protokolle protokollen angebot"
        " angebote angeboten zusammenfassungen übersetzungen meldung meldungen fälle fällen bestellungen anträge anträgen akten"
    ),
    conversations="gespräch gespräche gesprächen unterhaltung unterhaltungen chat chats",
    messages="nachricht nachrichten",
    users=(
        "nutzer nutzern nutzerinnen benutzer benutzern kunde kunden mitarbeiter mitarbeitern mitarbeiterinnen anwender anwendern berater"
        " beratern agenten lehrer lehrern schüler schülern studenten studierende studierenden entwickler entwicklern kollegen leute leuten personen"
    ),
    images="bild bilder bildern",
)
"""Nouns that end compounds ("Produktbeschreibungen"), too."""
_FRENCH_NOUNS = _table(
    requests="requête requêtes demande demandes appel appels question questions",
    items=(
        "rapport rapports facture factures contrat contrats courriel courriels fiche fiches avis commentaire commentaires lettre lettres dossier"
        " dossiers fichier fichiers réunions annonces résumés traductions"
    ),
    conversations="discussion discussions échanges",
    users=(
        "utilisateurs utilisatrices collaborateur collaborateurs employé employés salarié salariés étudiant étudiants élève élèves"
        " personnes conseiller conseillers développeurs abonnés"
    ),
)
_SPANISH_NOUNS = _table(
    requests="pregunta preguntas",
    items=(
        "factura facturas contrato contratos correo reseña reseñas informe informes artículo artículos ficha fichas comentario comentarios"
        " archivo archivos resúmenes traducciones descripciones"
    ),
    messages="mensajes",
    users="agente agentes empleado empleados cliente clientes alumno alumnos estudiante estudiantes persona personas desarrolladores usuarias",
)
_HINDI_NOUNS = _table(requests="sawal sawaal sawalon", users="logo bachche karmchari", messages="sandesh")
UNITS = {**_HINDI_NOUNS, **_SPANISH_NOUNS, **_FRENCH_NOUNS, **GERMAN_NOUNS, **UNITS}

ROLES: dict[str, str] = _table(
    input=(
        "in inbound kontext contexte contexto input inputs prompt prompts context ctx sent read received incoming eingabe input_tokens prompt_tokens entrée entree entrada"
        " eingang ingest ingested consume prompt-tokens input-tokens inp instruction instructions einga rein inputtokens eingabetokens inputtoken eingabetoken inn inpt imput promt promts jaata jata jaati jaate"
    ),
    output=(
        "out outbound output outputs completion completions response responses generated answer answers reply replies outgoing ausgabe sortie salida"
        " output_tokens completion_tokens produced returned completion-tokens output-tokens outp gen generation generations responding"
        " written respuesta réponse antwort antworten raus outputtokens ausgabetokens outputtoken ausgabetoken antworttoken antworttokens réponses respuestas respond outt ouput ouputs outpt anwser anwsers reponse reponses respone aata aati jawab jawaab"
    ),
    cached=(
        "cached cache cacheable cache-hit cache-hits cached_tokens cache_read_input_tokens gecacht gecached cacheado cacheada cacheados"
        " cachés reused cache_read_tokens"
    ),
    reasoning="reasoning thinking thought thoughts reasoning_tokens",
    training="training train trained dataset corpus",
    cache_write="cache_creation_input_tokens cache_write_tokens",
    system="system system_prompt systemprompt systemprompts system-prompt systemnachricht",
    total="total total_tokens overall altogether combined insgesamt",
)

_PERIOD_WORDS: tuple[tuple[Period, str], ...] = (
    ("second", "second seconds sec secs s sekunde seconde segundo"),
    ("minute", "minute minutes min mins minuto"),
    (
        "hour",
        "hour hours hr hrs h hourly stunde stündlich stündliche stündlichen heure l'heure horaire hora ghante ghanta",
    ),
    (
        "day",
        "day days night nightly nights nuit nacht noche arbeitstag werktag workday weekday d daily evryday everyday tag täglich taeglich tägliche täglichen tagsüber jour journée día dia diario diaria diarias diarios diariamente quotidien quotidienne quotidiens quotidiennes roz din rozana /day",
    ),
    (
        "week",
        "week weeks wk weekly woche wöchentlich wöchentliche wöchentlichen hebdomadaire hebdo semanalmente semaine semana semanal hafte",
    ),
    (
        "month",
        "month months mo mth mnth mnths monthly monat monatlich monatliche monatlichen mois mes mensual mensuel mensuelle mensuels mensuelles mensuales mensualmente mahine mahina mon",
    ),
    (
        "year",
        "year years yr yearly annually annual annum p.a. jahr jährlich jährliche jährlichen jaehrlich an année año anual annuel annuelle annuels annuelles anualmente annualised annualized annualisé anualizado saal",
    ),
)

PERIODS: dict[str, Period] = {word: period for period, words in _PERIOD_WORDS for word in words.split()}

ADVERB_PERIODS = frozenset(
    """
    nightly daily hourly weekly monthly yearly annually annual tägliche täglichen monatliche monatlichen jährliche jährlichen stündliche stündlichen
    wöchentliche wöchentlichen l'heure horaire diariamente semanalmente mensualmente anualmente quotidienne quotidiens quotidiennes
    hebdomadaire mensuelle mensuels mensuelles annuelle annuels annuelles täglich taeglich stündlich wöchentlich monatlich jährlich jaehrlich
    diario diaria diarias diarios quotidien semanal mensual mensuel mensuales anual annuel annuelle annuels annuelles anualmente annualised annualized annualisé anualizado roz rozana
    """.split()
)
"""Period words that need no "per" or "a" before them."""

PERIOD_MARKERS = frozenset(
    """
    per a an each every evry evey / pro par por al im am the each. par-jour any je ein jeden jede jeder chaque cada
    """.split()
)

COST_WORDS = frozenset(
    """
    cost costs costing price prices priced pricing expense expenses expensive bill billed billing spend spending fee fees
    charge charged charges pay paying rate rates $ money damage kosten kostet koste preis preise preislich coût cout coûte
    coute coûtent prix coûter couter cuesta cuestan costo coste costaría costaria costar precio precios kharcha kharch
    paisa paise invoice budget run rack cheap cheaper set pony shell lagega lagenge tarif tarife worth estimate estimation
    rechnung quanto teuer set-me-back
    """.split()
)

FILLERS = frozenset(
    """
    about around approx approximately roughly ~ ca circa avg average averaging mean like some say maybe nearly almost up
    to over under of the is are at = : with each typical typically usually only just etwa ungefähr environ unos aprox von
    de d' total more less than size length long sized big avg. ø ≈ having length: size: upto
    """.split()
)
"""Words between a number and what it counts (or the role before it) that change nothing."""

ADJECTIVES = frozenset(
    """
    new api llm ai chat user customer support short long small big large average avg total daily monthly weekly concurrent
    active paying registered unique different incoming typical single individual more extra additional separate scanned
    json text plain english german french spanish llm model full raw main billable million-token combined monthly-active
    daily-active such of the service production classification rag agent agentic web chatbot faq background
    training a4 visible final actual net gross additional
    qa instruction preference labelled labeled conversation question-answer prompt-completion prompt-response
    """.split()
)
"""Words that may stand between a number and its unit ("500 average input tokens")."""

STOPWORDS = frozenset(
    """
    a an the is are was were be been of for to and or with on in at by from as it its this that these those i we you they
    he she my our your their me us them do does did have has had will would could should can may might if then so just
    please pls thanks thank hi hello hey what which how much many when where who why whats what's hows about want need
    like know tell give show let get got make any some also using use used via over into per each every there here not no
    yes ok okay well really very more than up only per out und der die das ein eine ich wir für mit auf von zu im am ist
    sind wie was viel le la les de des un une pour avec el los las y por con del que es qué ka ki ke hai mein se ko aur ye
    kya im i'm we're we'd i'd i'll we'll running run runs app bot product startup company team currently planning build
    building thinking around roughly approximately say assume assuming each going gonna able best estimate calculate w
    compute roughly sent send sends receive receives process processing handle handles day
    """.split()
)
"""Words that need no explaining when the share of explained text is measured."""
