"""Words and phrases that tell what a question is about; each cue is a name and the ways in which people say it.

A cue says only that the words are there. What follows from several cues together is decided in `bot.parsing.asking.intents`.

Phrases are written in a small notation that is matched word by word, so that thousands of them cost microseconds and nothing has to be
compiled at start: `a/b` one of several words, `word*` a stem, `word?` may be missing, `..` up to six words of anything.
Hyphens separate words here: "fine-tuning" is `fine tun*`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from bot.parsing.reading.spans import Coverage, Word, words_of
from knowledge.lazy_dataclass import dataclass

_GAP = 6

CUES: dict[str, str] = {
    "price": """price/prices/pricing/priced | list price | rate/rates | rate card | tariff* | preis/preise/preisliste/preislich | prix | tarif*
        | precio* | tarifa* | preço/preços | prezzo/prezzi | how expensive | wie teuer | per million | per 1m | per mtok | mtok/mtoks | fee/fees | per 1k | per token | daam | charge/charges/charging/charged | ausgabepreis*/eingabepreis*/inputpreis*/outputpreis*/tokenpreis*/listenpreis*/batchpreis*/stückpreis* | sticker price""",
    "cost": """cost/costs/costing/costed | how much | how pricey | expense* | expensive | spend/spending | bill | budget | estimat* | run us | set us/me back
        | wie viel | wieviel | kostet | kosten | koste | combien | coûte* | coute* | coût* | cout | cuánto | cuanto | cuesta* | costar* | costo | costó | costaba | costaban | coste | gekostet | kostete | kosteten | quanto | custa/custam | costa | kostet* | costab*
        | kitna/kitne/kitni | kharcha/kharch | what would/will/does/do .. pay/bill/run | what am i/we looking at | running cost*""",
    "how_much": "how much | what does/do/would/will | wie viel | wieviel | combien | cuánto/cuanto | kitna | what is/are/s the cost/price/bill",
    "cheapest": """cheapest | better value | cheap | least expensive | most affordable | affordable | lowest cost/price/priced | best price | best value | best bang | inexpensive
        | economical | least money | günstigste* | guenstigste* | billigste* | moins cher/chère/chers/chere/cheres | más/mas barat* | sabse sasta/saste/sasti | sasta/saste/sasti
        | lowest .. cost/price/bill | cost the? least | costs the? least | coûte/coute/coûtent le moins | am wenigsten/günstigsten/billigsten | cuesta/cuestan menos | cuesta/cuestan lo menos | sabse kam | save the? most""",
    "dearest": "most expensive | pricier | dearer | teurer | which is/s more expensive | more expensive one | priciest | dearest | costliest | highest price/priced/cost | teuerste* | plus cher/chère | más/mas caro/cara | sabse mehnga/mehngi",
    "cheaper": """cheaper | which .. less/lower | is less | are less | comes out less/lower | less expensive | costs/cost less | lower cost | günstiger* | guenstiger* | billiger* | moins cher/chère que | más/mas barat* que
        | better deal | more economical""",
    "compare": """compare* | comparing | comparison* | vs | versus | against | instead of | side by side | relative to | vergleich* | gegen | gegenüber | compar* | contra
        | frente a | or/oder/ou/ya | difference between | unterschied zwischen | better than | over""",
    "difference": """how much extra | surcharge | premium for/over/of | aufpreis | mehrpreis | surcoût | recargo | wie viel teurer/billiger/günstiger | wieviel teurer/billiger/günstiger | difference* | differ | diff | how much more/less/cheaper/dearer | how many times | times more/cheaper | delta | unterschied | différence | diferencia | écart/ecart
        | farak | extra cost | what do/would/will we/i save | how much .. save/saved/saving/savings/spare/sparen/économis*/ahorr* | saving* | save""",
    "save": """lose/losing .. by not | missing out | save/saves/saved/saving/savings | discount* | cut our/my/the cost*/bill* | reduce our/my/the? cost*/bill*/spend* | lower/cut/reduce our/my/the? bill/cost/costs/spend | spare/sparen/spart/gespart/einsparen/ersparnis/einsparung/einsparungen | économis*/économie/économies/economie/economies | ahorr*
        | bachat | bachega/bachenge""",
    "batch": "batch/batches/batched/batching | batch api/mode/processing | stapelverarbeitung | par lot/lots | por lotes",
    "no_batch": "without/no/not/non/ohne/sans/sin the? batch/batching/batched",
    "cached": "cach* | gecach* | prompt cach* | en cache | zwischengespeichert",
    "no_cache": "without/no/not/ohne/sans/sin any/the? prompt? cach* | uncached",
    "cache_write": "cache write/writes/writing | write/writing/writes to? the? cache | cache creation",
    "flex": "flex | flex tier/processing/mode",
    "priority": "priority tier/processing/mode | priority",
    "fast_mode": "fast mode/tier",
    "history": """history | historical* | drop/drops/fell/falling | used to cost/be | use to cost/be | verlauf | price change*/drop*/cut*/increase*/evolution/development/trend/timeline/move*/hike* | changed | over time | then and now
        | got/get/gotten/become/became/went cheaper/up/down | dropped | originally | at launch | since launch | when did | raise/raised its/the/their? price* | preisentwicklung | preisverlauf
        | evolución | évolution | billiger/günstiger/teurer geworden | wurde/wurden .. billiger/günstiger/teurer | gesunken | gesenkt | reduziert | baissé ses/le/les prix | ha bajado | price .. kam | gefallen | gestiegen | a .. baissé | baissé/baisse/augmenté depuis | ont baissé | est devenu moins | ha bajado/subido | bajó/bajo/subió | beim start/launch | zum start | bei einführung | au lancement | al lanzamiento | en su lanzamiento | kam/kab sasta | kitna .. kam hua | price kam hua | wie .. entwickelt | historique | historial | before the .. change/cut/drop | was .. before | price cut* | früher | antes | avant | pehle | more expensive before | than now/today/currently | compared to now/today | was .. more expensive | has .. changed | was .. cheaper
        | how .. evolved | how .. developed | how .. moved | how .. price/prices move | evolution | how .. price/prices .. moved/changed/developed/evolved/gone | how .. price/prices moved | moved since/this/over/last/in | hike/hikes/hiked | went up/down | go/going/goes up/down/cheaper | gone up/down | up or down | price .. increase/increased/increases/increasing/rise/rises/rose/risen/decrease/decreased | increase/increased/increases the/its/their? price* | become/becomes/becoming more/less expensive | get/gets/getting more/less expensive | gets/getting cheaper/dearer | verteuert/verändert/geändert/gesenkt/gestiegen/gefallen/gesunken/erhöht | teurer/günstiger/billiger geworden/wird/werden | baissé/augmenté/changé/évolué | ha subido/bajado/cambiado | subió/bajó/subido/bajado | badha/badhi/badla/ghata/gira | always this/that/so | was/were .. always | ever cheaper/cost/costs | price changes/change | old .. new price/prices | price/prices before and/vs after | did .. cut/lower/lowered/raise/hike | since when | seit wann | depuis quand | desde cuándo | wird/werden .. teurer/günstiger/billiger | va .. augmenter/baisser | va/van a subir/bajar | at/since release/introduction/start | initially | how stable .. price/prices | then vs now | then versus now | then and today""",
    "capacity": """how many | how far | how long will/would/does/do/can/could | how much can/could i/we/you get/do/process/run/buy/generate/send/translate/read | what can/could/do/would/will i/we get/do/run/buy | afford
        | can i/we get/buy/run/make/send | get me/us | buy/buys me/us? | stretch | last me/us? | budget of | on a budget | with a budget | worth of | go for | wie viele/viel/lange | wieviele
        | combien de | cuántos/cuántas/cuantos/cuantas | kitne/kitni | within a? budget | get for | get out of | what does .. buy | what will .. buy""",
    "how_many": "how many | wie viele/wieviele | combien de | cuántos/cuántas/cuantos/cuantas | kitne/kitni",
    "tokens_count": """token estimate/estimation/number/amount | tok/toks/tkn/tkns count/counts/number | quantos tokens | how many tokens/token/toks/tok/tkns/tks/tokns | how many .. tokens is/are | wie viel/wieviel token/tokens | combien ça/ca fait en tokens | en tokens | kitne toks | cuantos tok | tokens chahiye | token count* | count the/my? tokens | tokens in/are/is a/an/the/this/that/my/these/one/our | tokens does/do a/an/the/this/that/my/these | tokeniz* | tokenis* | number of tokens | wie viele token/tokens | wieviele token/tokens
        | anzahl der? token/tokens | combien de token/tokens/jetons | cuántos/cuantos tokens | kitne token/tokens | in tokens | to tokens | token length | count tokens | into tokens""",
    "count_other": "word/page/character count | into words/pages/characters | in/to/into/en/de words/word/pages/characters/wörter/wörtern/seiten/mots/palabras/páginas/paginas | how many chars/book/books | cuantas palabras/paginas | kitne shabd/pages/words | how many words/pages/characters | in characters/chars | wie viele wörter/seiten/zeichen | combien de mots/pages | cuántas palabras/páginas | in words/pages | to words/pages",
    "training": "chinchilla | compute optimal | train/trains/trained/training | pre train* | pretrain* | from scratch | trainier* | entraîn* | entrain* | entren*",
    "from_scratch": """from scratch | from the ground up | von grund auf | desde cero | de zéro | foundation model | pre train* | pretrain*
        | our/my/your/their/its own llm/model/models/gpt/ai/modell/foundation""",
    "fine_tuning": "fine tun* | ft | finetun* | lora/qlora/peft/sft/rft/dpo | finetun*/finetunen | reinforcement tuning/finetuning | reinforcement fine tuning | feintuning | feinabstimm* | affin* | ajuste fino | adapter training | feintunen",
    "lora": "lora",
    "qlora": "qlora",
    "full_tuning": "full fine/finetun* | full parameter",
    "self_hosting": """hardware lease/leasing/rental | leased hardware/server/box/gpu* | self host* | selfhost* | host it/our/my/ourselves/myself/your | hosting it/our/my/an/a | own gpu*/server*/hardware/hosting/infrastructure/infra/metal/cluster | on prem* | rent/rental/rents/renting/rented
        | hosting | deploy* | dedicated gpu*/instance* | selbst hosten/betreiben/gehostet/hoste | selbsthosten | héberg* | alojar | autoaloj* | gpu price*/cost*/hour*/rental* | vllm | bare metal | khud host
        | inference server | run .. ourselves | run .. ourself | run .. myself | running .. ourselves | on our/my own | mieten | louer | alquilar""",
    "break_even": """break even* | breakeven | at what volume/point/scale/usage/traffic | when does/do/is/will/would/should .. cheaper | when does/do/will/would/is .. pay off | when does/do/will/would/is .. beat/beats/undercut/undercuts/win/wins | beats the api | when is .. worth | pays off | pay off | tipping point | crossover
        | pays/pay for itself | payback | lohnt | rentab* | rechnet sich | rechnen sich | ab welche*/welchem volumen/menge/nutzung/anzahl | ab wann .. günstiger/billiger/lohnt/rechnet | à partir de combien/quel/quelle | a partir de cuánt*/qué/cuant* | compensa | kab .. sasta/faydemand/fayda | gewinnschwelle | seuil | punto de equilibrio | amorti* | until .. beats/beat/cheaper/wins/outperforms | from what/which .. volume/point/usage | at what/which .. volume/usage/scale | how many tokens .. before | how much volume | how many requests .. before | from how many | does it beat | beat the api | beats it | becomes cheaper | beats the api""",
    "advice": """should we/i/a/an/our/my/the/startup/startups/companies/company/one | does/do/would it make sense | make/makes sense | worth it/training/building/fine/self | is it smart/wise/better/worth/cheaper/realistic/good
        | is it a good | build or buy | build vs buy | better to | sollten/sollte wir/ich/man | soll ich | devrait on/je | deberíamos/debería | lohnt es sich | vaut il/elle | vaut la peine | vale la pena | merece la pena | sasta padega/rahega/hoga | behtar hai/hoga | conviene | good idea | kya hume/humein | can a startup afford""",
    "own_model": """our/my/your/their/its/his/eigenes/eigene/eigenen/propio/apna/khud own? model/llm/modell/modèle/modelo/gpt/models | own model/models/llm/llms/gpt/ai/modell | in house model/models/llm | a model/llm | an llm/ai | ein modell/llm
        | notre propre modèle | nuestro propio modelo | a foundation model""",
    "api": "api/apis | hosted model/models | pay as you go | pay per token",
    "finance": """lose/lost/loses/losing/loss/losses | burn/burns/burned/burnt/burning | revenue/revenues | profit* | earn/earns/earned/earning/earnings | make/makes/making/made .. money/profit | how much is/are .. making | khoya/khoye | capex | capital expenditure* | valuation
        | run rate | arr | invest* | pour into | poured into | deficit | in the red | income | turnover | sales | verlust* | verlor* | verliert | verloren | umsatz* | gewinn* | perdu | perte/pertes | perd | perdió | pierde | pérdida* | ingresos
        | chiffre affaires | spend/spends/spent/spending | paid | pays/pay | ausgegeben | gezahlt | bezahlt | ausgaben | funding | raised | nuksaan/nuksan | kamai | outlay | expenses | margin/margins | r d | made/make/makes in/last/this | costs and expenses | kamaya""",
    "said": """said/say/says/saying | told | claim/claims/claimed | warn/warns/warned/warning | according to | opinion | think/thinks/thought about/of/on | view/views on | quote/quotes/quoted | statement/statements | comment/comments/commented
        | argue/argues/argued | predict* | gesagt | sagt/sagte | meint | a dit | dijo/dice/opina | kaha | believe/believes | advice from | advise/advises/advised | 's advice | take on""",
    "energy": "energy | electricity | power consumption | watt/watts | kwh/wh | water | carbon/co2 | energie* | strom* | stromverbrauch | énergie | energía | bijli",
    "why": "why | reason/reasons | cause/causes/caused | how come | warum/wieso | pourquoi | por qué | kyon/kyu",
    "usage": """usage | how many questions | needed the llm | cost report | report of/for/on the bot | percentage of questions | what share of questions | nutzung/verbrauch/consommation | token spend | stats | statistics | how many questions/queries .. asked/answered/get/got | who asked/used/spent/uses the/most/you/it/this/aicost? | my/our/team usage/spend/spending/bill
        | your own? cost/costs/spend/spending/usage/bill/price/expense/expenses/tokens/running | the/this bot .. cost/costs/spend/spent/used/usage/consume* | bot s? own? cost/costs/spend/spending/usage/bill | cost/costs/spend/price of this/the/running? bot
        | how much have/has/did/do i/we/you/everyone/team/everybody spent/spend/used/use/cost/burned/burn/burnt/consumed/consume | how much has the/this/my/our team/bot/channel/workspace .. spent/used/cost | what did/do/does/have/has you/the/this bot? cost/spend/spent/used
        | what have you/we/i spent/cost/used | how much did/do/does you/this/the/aicost bot? .. cost/spend | aicost cost/costs/spent/spend/used/usage | you cost/spent/costed us/me/so? | gekostet .. bot | bot .. gekostet/kostet | coûté .. bot | bot .. coûté | costado .. bot | bot .. costado/cuesta
        | bot ka/ne .. kharcha/kharch | haben/hat wir/ich/team .. ausgegeben/verbraucht/gekostet | wir/ich .. ausgegeben/verbraucht | avons nous dépensé/consommé/utilisé | a t on dépensé/consommé | j ai dépensé/consommé | nous avons dépensé/consommé | hemos gastado/usado/consumido | he gastado/usado | gastamos/gasté | humne .. kharch/kharcha/use | wer hat .. gefragt/verbraucht/ausgegeben | wer fragt/nutzt/verbraucht .. meisten/viel | qui a .. demandé/dépensé/utilisé | quién .. gastado/usado/preguntado | kisne .. kharch/use/pucha | maine .. kharch/kharcha | uso de la semana/del mes | spent/spend/spending on you/this/aicost | so far this month | who .. spent .. most | who .. using you/this/it/the | ha gastado .. bot | bot .. gastado | gastado .. en el bot |  top users/spenders | which/what user/person/member/channel/team .. asked/asks/used/spent/spends/uses | who .. asked .. most | llm calls | budget left | budget status | remaining budget | questions have/has/had cost | spent .. by/per user/users/channel/channels/team/model/day/person | my/our/team .. questions cost/costs/costed | top .. users/spenders of/by/on/this | spend/spending/cost/costs/usage/questions by/per user/users/channel/channels/person/team/workspace/department/kanal/nutzer | utilisation par canal/utilisateur/jour/modèle | uso por canal/usuario | nutzung pro/nach kanal/nutzer/benutzer/tag/modell | near/over/under/within/reached/exceeded/hit my/our/the budget | questions asked | aicost bill | spend/spent with you | für dich/euch .. ausgegeben | have/did/do/does you/we/it .. burned/burnt/burn/used/use/consumed/consume | who .. spends/spent/uses/used .. bot | the/this bot .. spends/spend | needed/need/needs/used an/the/any? llm | llm/llms needed/used/called/asked | how often .. asked/used/needed/called | your own .. cost/costs/spend/bill/usage | my/our questions/queries cost/costs/costed | cost/costs/spent/spend/spending so far | did my/our questions .. cost | wer .. dich .. benutzt/genutzt/gefragt/verwendet | hast du .. gekostet/verbraucht | du .. gekostet/verbraucht | as tu .. coûté/coute/dépensé | tu nous/m as coûté | tu as coûté | qui .. t a .. utilisé | qui t utilise | has costado/gastado | te hemos/he .. gastado | quién te .. usado | kitna kharcha .. tum* | tumne/tumhara kitna | damage from this/the bot | bot bill/budget | did/has aicost | exceed/exceeded the/our/my? bot budget""",
    "bot": "this/the/your/der/dieser/ce/le/este/el bot | aicost | yourself | bot s",
    "help": """help | what can you/i/this/it do/ask/answer? | what do you do/know | how do/can/does i/you/it use/work/this* | how does/do this/that/the .. work/works | commands | who are you | what are you | hilfe | was kannst du | aide | ayuda | ayudame/ayúdame | aidez moi | aide moi | hilf mir | qué puedes hacer | que sais tu
        | madad | show me? some? examples | examples | what kind/kinds/sort/sorts of questions/things/stuff | example questions | wie funktioniert | comment ça marche | kya kar sakte | tu sais/peux faire | vous savez/pouvez faire | sabes hacer | was kannst/könnt du/ihr | wie benutze/nutze/verwende/bediene ich | comment utiliser | comment t utiliser | cómo te uso | cómo se usa | kaise use | kya kya kar | what r u | how do/can/should i/we ask |  what/which questions can/may/should i/we | how does aicost work | salut | what can u do/answer | who r u | tu peux/sais faire quoi/quoi? | que peux/sais tu faire? | tu sers à quoi | à quoi sers tu | qu est ce que tu peux/sais | que puedes hacer | qué/que sabes hacer | para qué/que sirves | was kannst/machst/weißt/weisst du | wobei kannst du | was geht hier | tum/aap kya | kya kar sakta/sakti | how do you work | how does this/it work | how can you help | what do i ask/type/say | what is/s this/aicost | manual | tutorial | what else/more can you do/answer""",
    "open_weights": "open source* | opensource | open weight* | open model* | quelloffen* | código abierto | open llm*",
    "context": "how long/big/large can/may the? prompt/input/text/request* | max/maximum/longest prompt/input/request length/size? | token limit/limits | input limit | how many tokens can .. take/handle/read/fit/process/accept | max/maximum tokens | how much text can .. take/read/handle | context/contexts | context window* | context length/size | ctx | kontext* | fenêtre de contexte | ventana de contexto | contexto/contexte | window",
    "translate": "translat* | übersetz* | uebersetz* | tradu*",
    "workdays": "working/business/work day/days | workday/workdays | weekday/weekdays | monday to/through friday | mon fri | werktag* | arbeitstag* | jours ouvr* | días/dias laborables",
    "office_hours": "9 to 5 | 9 5 | nine to five | office/business/working hours",
    "which": "which | welche* | quel/quelle/quels/quelles | cuál/cual/cuáles | kaunsa/konsa/kaun | best | top | list | ranking/rank | what is the | what s the | who charges/sells/offers/has/is .. cheapest/dearest/cheaper",
    "retries": "buffer | retry/retries/retrying | overhead | headroom | aufschlag | puffer | failure/failures | margin",
    "one_request": "a/one/single/1/each/every/per/pro/par/por single? api? request/call/prompt/query/message/completion/question/anfrage/requête/petición/turn/chat/job/run/email/document",
    "mfu": "mfu | flop/flops utilization/utilisation | model flop/flops",
    "utilisation": "utilization/utilisation/utilized/utilised | busy | occupancy | auslastung/ausgelastet | duty cycle | load",
    "images": "image/images | picture/pictures | photo/photos | vision | bilder/bild | imágenes",
    "audio": "audio | speech | voice | transcri* | tts | spoken",
    "web_search": "web search/searches | search tool",
    "embedding": "embed* | vector/vectors",
    "gpu_words": "gpu/gpus | h100/h100s/a100/a100s | cluster | compute | gpu hour/hours",
    "total": "total/overall/altogether/insgesamt | in total | whole/entire",
    "greeting": "yo/sup/hiya/howdy/heya/servus/moin/coucou/ciao/buenas/salut | hi/hello/hey/thanks/cheers/hallo/danke/bonjour/merci/hola/gracias/namaste | thank you | good morning/afternoon/evening",
    "follow_up": """and/und/et/y/aur what/how/with/without/if/for/per/on/in/the/was/wie/mit/ohne/avec/sans/con/sin/pro/par/por/agar/then/over/at | what about | how about | same/dasselbe/gleiche/wahi | instead | what if | ok/okay and/now/but/so | now with/without/for
        | but with/without/for/on | also with/for/on | then with/for | make it | switch to | change | try with/it | and | und | et | y | aur | assume | use | with | without | was ist mit | et avec | qué tal | y con | make that | only""",
}  # fmt: skip

_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class _Token:
    words: frozenset[str]
    stems: tuple[str, ...]
    optional: bool
    gap: bool

    def fits(self, word: str) -> bool:
        return word in self.words or (bool(self.stems) and word.startswith(self.stems))


def _token(text: str) -> _Token:
    if text == "..":
        return _Token(frozenset(), (), False, True)
    optional = text.endswith("?")
    parts = text.rstrip("?").split("/")
    return _Token(
        frozenset(part for part in parts if not part.endswith("*")),
        tuple(part[:-1] for part in parts if part.endswith("*")),
        optional,
        False,
    )


_Phrase = tuple[str, str]
"""A cue's name and one of its phrases as it is written in the table."""


@cache
def _index() -> tuple[dict[str, list[_Phrase]], dict[str, list[_Phrase]]]:
    """Phrases by their first word, and those that begin with a stem by the stem's first two letters."""
    by_word: dict[str, list[_Phrase]] = {}
    by_stem: dict[str, list[_Phrase]] = {}
    for name, body in CUES.items():
        for phrase in body.split(" | "):
            first = phrase.split(None, 1)[0]
            for form in first.rstrip("?").split("/"):
                if form.endswith("*"):
                    by_stem.setdefault(form[:-1][:2], []).append((name, phrase))
                else:
                    by_word.setdefault(form, []).append((name, phrase))
    return by_word, by_stem


@cache
def _tokens(phrase: str) -> tuple[_Token, ...]:
    return tuple(_token(part) for part in phrase.split())


def cue_words(text: str) -> list[Word]:
    """The words of a folded text as cues see them: hyphens and apostrophes separate."""
    return words_of(_WORDS, text)


def find_cues(words: list[Word], coverage: Coverage) -> dict[str, tuple[int, int]]:
    """The cues among the words, each with the place of its first (longest) phrase; their words count as explained."""
    found: dict[str, tuple[int, int]] = {}
    texts = [word.text for word in words]
    for at, (text, following) in enumerate(zip(texts, [*texts[1:], ""], strict=False)):
        for name, tokens, second in _beginning_with(text):
            if second is not None and not second.fits(following):
                continue  # most phrases end here
            end = _match(tokens, texts, at) if len(tokens) > 1 else at + 1
            if end > 0:
                _note(found, name, words, at, end, coverage)
    return found


@lru_cache(maxsize=4096)
def _beginning_with(word: str) -> tuple[tuple[str, tuple[_Token, ...], _Token | None], ...]:
    """The phrases whose first word a word is: the name of the cue, the phrase, and the token that must fit the next word if any."""
    by_word, by_stem = _index()
    found = [(name, _tokens(phrase)) for name, phrase in by_word.get(word, ())]
    stems = ((name, _tokens(phrase)) for name, phrase in by_stem.get(word[:2], ()))
    found += (
        (name, tokens) for name, tokens in stems if tokens[0].fits(word) and word not in tokens[0].words
    )
    return tuple(
        (name, tokens, tokens[1] if len(tokens) > 1 and not (tokens[1].gap or tokens[1].optional) else None)
        for name, tokens in found
    )


def _note(
    found: dict[str, tuple[int, int]], name: str, words: list[Word], at: int, end: int, coverage: Coverage
) -> None:
    span = (words[at].start, words[end - 1].end)
    if name not in ("which", "compare", "total"):
        coverage.add(*span)
    known = found.get(name)
    if known is None or (known[0] == span[0] and known[1] < span[1]):
        found[name] = span


def _match(tokens: tuple[_Token, ...], texts: list[str], at: int) -> int:
    """Index behind the phrase's last word, or -1. The first token is known to fit."""
    position = at + 1
    gap = 0
    for token in tokens[1:]:
        if token.gap:
            gap = _GAP
            continue
        if gap:
            step = next(
                (p for p in range(position, min(position + gap + 1, len(texts))) if token.fits(texts[p])), -1
            )
            gap = 0
            if step < 0:
                return -1
            position = step + 1
        elif position < len(texts) and token.fits(texts[position]):
            position += 1
        elif not token.optional:
            return -1
    return position
