"""Things of everyday life whose price people ask in passing; none of them is an unknown model."""

from __future__ import annotations

from bot.parsing.annotate import Annotation

_GOODS = frozenset(
    """
    bitcoin btc ethereum eth crypto dogecoin doge solana gold silver platinum copper oil crude petrol gasoline diesel gas fuel lng
    egg eggs milk bread butter cheese meat beef chicken pork fish rice pasta flour sugar salt coffee espresso latte cappuccino tea
    beer wine whisky vodka water juice soda pizza burger kebab döner doner sushi sandwich croissant baguette apples apple-pie bananas tomatoes
    potatoes onions chocolate lunch dinner breakfast meal restaurant groceries haircut massage gym dentist doctor surgery insurance
    rent-a-car car cars taxi uber bus train flight flights airfare ticket tickets hotel hotels airbnb cruise vacation trip house houses
    flat apartment condo mortgage sofa table fridge laptop macbook iphone ipad airpods pixel galaxy smartphone phone tv playstation
    ps5 ps4 xbox switch netflix spotify hulu disney tesla bmw toyota ferrari porsche bike bicycle scooter motorbike truck yacht boat
    plane helicopter diamond diamonds ring rings watch rolex shoes sneakers jeans shirt dress wedding funeral divorce lawyer
    plumber electrician painter gardener babysitter nanny tuition university school college degree passport visa stamp stamps
    stocks shares bonds etf dog dogs cat cats puppy horse cow goat sheep llamas hamster parrot
    brot milch eier benzin strom miete wohnung auto bahn flug friseur kaffee bier haus pain lait oeufs essence loyer maison voiture
    pan leche huevos gasolina alquiler casa coche cerveza doodh chai petrol-pump sabzi pyaz tamatar
    """.split()
)


def names_everyday_goods(a: Annotation) -> bool:
    """Whether a question is about such a thing: one is named, and nothing of AI is."""
    if (
        a.models
        or a.makers
        or a.providers
        or a.gpus
        or a.has("training", "fine_tuning", "self_hosting", "usage", "api", "finance", "said")
    ):
        return False
    if a.of_unit("tokens", "requests", "parameters", "gpus") or "token" in a.folded:
        return False
    return any(word.text in _GOODS for word in a.words)
