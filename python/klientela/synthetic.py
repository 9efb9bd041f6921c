"""Makes client bases of people and companies that do not exist: seeded, repeatable, with the faults of real exports."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any

import numpy as np

from klientela import _core
from klientela import _names as names
from klientela._columns import table_of
from klientela._names import PersonName

_PRODUCTS = (
    # category, product, price, cost share
    ("Paper", "Office paper A4", 6.5, 0.72),
    ("Paper", "Office paper A3", 12.4, 0.74),
    ("Paper", "Photo paper", 18.9, 0.55),
    ("Paper", "Envelopes C5", 4.2, 0.6),
    ("Supplies", "Toner black", 59.0, 0.62),
    ("Supplies", "Toner colour", 84.0, 0.64),
    ("Supplies", "Ink cartridge", 23.5, 0.5),
    ("Supplies", "Drum unit", 96.0, 0.7),
    ("Printers", "Desk printer", 189.0, 0.82),
    ("Printers", "Office printer", 640.0, 0.8),
    ("Printers", "Plotter", 2450.0, 0.78),
    ("Service", "Service visit", 75.0, 0.45),
    ("Service", "Service contract, year", 480.0, 0.4),
    ("Furniture", "Desk", 210.0, 0.68),
    ("Furniture", "Chair", 135.0, 0.66),
    ("Stationery", "Pens, box", 8.9, 0.48),
    ("Stationery", "Folders, pack", 11.2, 0.52),
    ("Stationery", "Planner", 14.0, 0.5),
)
_CHANNELS = ("phone", "email", "meeting", "sms", "letter")
_CHANNEL_SHARES = (0.42, 0.36, 0.1, 0.09, 0.03)
_TOPICS = ("interest", "presentation", "complaint", "service visit", "consultation")
_TOPIC_SHARES = (0.4, 0.15, 0.08, 0.12, 0.25)
_MANAGERS = ("a.belova", "d.orlov", "j.hartley", "m.winslow", "chen.jing", "li.wei")
# manager: (name, time zone, shifts, languages)
_TEAM = {
    "a.belova": ("Anna Belova", "Europe/Moscow", "09:00-13:00;14:00-18:00", "ru;en"),
    "d.orlov": ("Denis Orlov", "Europe/Moscow", "10:00-14:00;15:00-19:00", "ru"),
    "j.hartley": ("Jane Hartley", "Europe/London", "09:00-12:30;13:30-17:30", "en;de"),
    "m.winslow": ("Mark Winslow", "America/New_York", "08:30-12:00;13:00-17:00", "en"),
    "chen.jing": ("Chen Jing", "Asia/Shanghai", "09:00-12:00;13:30-18:00", "zh;en"),
    "li.wei": ("Li Wei", "Asia/Shanghai", "09:00-12:00;13:30-18:00", "zh"),
}
_INDUSTRIES = ("Printing", "Retail", "Logistics", "Construction", "Food", "Health care", "Education", "IT")
_SOURCES = ("web site", "phone call", "exhibition", "recommendation", "advertisement")
_ROLES = ("director", "buyer", "accountant", "office manager")
# How the generated base asks to be read: it has a currency, and lines without an amount are faults.
POLICY: dict[str, Any] = {
    "version": 1,
    "ingest": {"currency": "EUR", "reject_zero_amounts": True},
    "history": {"every": "month"},
}

_HOMES = {
    # culture: (country, time zone, cities)
    "ru": (("RU", "Europe/Moscow", names.RU_CITIES),),
    "en": (("GB", "Europe/London", names.GB_CITIES), ("US", "America/New_York", names.US_CITIES)),
    "de": (("DE", "Europe/Berlin", names.DE_CITIES),),
    "zh": (("CN", "Asia/Shanghai", tuple(city for city, _ in names.ZH_CITIES)),),
}
_BROKEN_DATES = ("31.02.2025", "n/a", "2025-13-01", "yesterday", "0000-00-00")
_BROKEN_AMOUNTS = ("12,5O", "abc", "NaN", "1.23456", "--", "99999999999999999999")


class SyntheticBase(dict[str, _core.Table]):
    """Tables by name, ready for :func:`klientela.run`, and the truth about them.

    Attributes
    ----------
    truth : klientela.Table
        One row per card: ``client`` and ``duplicate_of``, the card that it is a second card of (empty: none).
    bad_rows : dict of str to int
        How many rows of each table were spoiled on purpose.
    """

    truth: _core.Table
    bad_rows: dict[str, int]


class _Dice:
    """Draws whose sequence never changes: RandomState's streams are frozen by NumPy's compatibility policy."""

    def __init__(self, seed: int) -> None:
        self.state = np.random.RandomState(seed)

    def below(self, n: int) -> int:
        return int(self.state.randint(n))

    def share(self) -> float:
        return float(self.state.random_sample())

    def pick(self, options: Any) -> Any:
        return options[int(self.state.randint(len(options)))]

    def weighted(self, options: tuple[str, ...], shares: tuple[float, ...], n: int) -> list[str]:
        edges = np.cumsum(shares)
        places = np.searchsorted(edges / edges[-1], self.state.random_sample(n), side="right")
        return [options[int(place)] for place in places]


def make_base(
    clients: int = 10_000,
    seed: int = 2026,
    *,
    until: dt.date = dt.date(2026, 6, 30),
    days: int = 900,
    duplicates: float = 0.04,
    bad_rows: float = 0.03,
) -> SyntheticBase:
    """Make a client base of a seller of printing equipment and supplies.

    Russian, English, German and Chinese cards; persons and organisations with contacts; purchases whose number and
    size are skewed as in real bases; interactions, requests, survey answers and consents; second cards of some
    clients (typing errors, transliterated names, other phone formats); and some rows that no system can use.

    Parameters
    ----------
    clients : int
        Number of cards, second cards included; at least 1.
    seed : int
        The same seed gives the same base, on every machine; 0 to 2**32 - 1.
    until : datetime.date
        The last day on which something happens.
    days : int
        Length of the history, at least 30.
    duplicates : float
        Share of cards that are second cards of somebody, in [0, 0.5].
    bad_rows : float
        Share of transactions (and about half that share of interactions) that are spoiled, in [0, 0.5].

    Returns
    -------
    SyntheticBase
        Tables ``clients``, ``contacts``, ``directories``, ``consents``, ``transactions``, ``requests``,
        ``interactions``, ``feedback``.

    Examples
    --------
    >>> base = make_base(clients=100, seed=1)
    >>> len(base["clients"])
    100
    """
    if clients < 1:
        raise _core.InvalidArgumentError("clients must be at least 1", "clients")
    if days < 30:
        raise _core.InvalidArgumentError("days must be at least 30", "days")
    if not 0 <= seed < 2**32:
        raise _core.InvalidArgumentError("seed must be from 0 to 4294967295", "seed")
    for name, share in (("duplicates", duplicates), ("bad_rows", bad_rows)):
        if not 0 <= share <= 0.5:
            raise _core.InvalidArgumentError(f"{name} must be from 0 to 0.5", name)
    return _Maker(clients, seed, until, days, duplicates, bad_rows).make()


def make_managers(count: int = 6, seed: int = 2026, *, period: tuple[dt.date, dt.date] | None = None) -> _core.Table:
    """Make the managers whom the cards of :func:`make_base` name as their owners, as a table for schedules.

    Parameters
    ----------
    count : int
        How many; those beyond the first six own no clients yet.
    seed : int
        The same seed gives the same table, on every machine; 0 to 2**32 - 1.
    period : (first, last), optional
        Days in which one manager in three is away for up to three days; by default nobody is.

    Returns
    -------
    Table
        manager, name, time_zone, weekdays, hours, minutes, tags, capacities, absences, dedicated.

    Examples
    --------
    >>> make_managers(2).to_pydict()["manager"]
    ['a.belova', 'd.orlov']
    """
    if count < 1:
        raise _core.InvalidArgumentError(f"there must be at least one manager, not {count}", "count")
    dice = _Dice(seed)
    rows: list[dict[str, Any]] = []
    for place in range(count):
        known = _MANAGERS[place % len(_MANAGERS)]
        name, zone, hours, languages = _TEAM[known]
        again = place // len(_MANAGERS)
        absences = None
        if period is not None and dice.below(3) == 0:
            first = period[0] + dt.timedelta(days=dice.below(max(1, (period[1] - period[0]).days)))
            last = min(first + dt.timedelta(days=dice.below(3)), period[1])
            absences = f"{first}..{last}"
        rows.append(
            {
                "manager": known if again == 0 else f"{known}.{again + 1}",
                "name": name if again == 0 else f"{name} {again + 1}",
                "time_zone": zone,
                "weekdays": "Mon-Fri",
                "hours": hours,
                "minutes": "300" if place % 2 == 0 else "360",
                "tags": languages,
                "capacities": "phone=25;meeting=3",
                "absences": absences,
                "dedicated": "true" if again > 0 and place % 4 == 0 else "false",
            }
        )
    return _table(rows, "manager name time_zone weekdays hours minutes tags capacities absences dedicated".split())


def make_dirty_cards(clients: int = 200, cards_per_client: int = 20, seed: int = 2026) -> SyntheticBase:
    """Make cards that are hard to tell apart: many of each client, no two written alike, and many clients alike.

    Every card of a client was written by somebody else: with slips of the keyboard, in Cyrillic, Han or Latin letters,
    with initials or without a patronymic, with day and month of the birthday swapped, with one of two e-mails, with much
    left out. A few names are very common, and a third of the phones is that of a household, an office or a switchboard
    which several clients share.

    Parameters
    ----------
    clients : int
        Number of clients, at least 1.
    cards_per_client : int
        Cards of each, at least 1.
    seed : int
        The same seed gives the same cards, on every machine; 0 to 2**32 - 1.

    Returns
    -------
    SyntheticBase
        The table ``clients``, in an order that tells nothing, and the truth about it.

    Examples
    --------
    >>> cards = make_dirty_cards(clients=3, cards_per_client=4, seed=1)
    >>> len(cards["clients"]), sum(first is None for first in cards.truth.to_pydict()["duplicate_of"])
    (12, 3)
    """
    for name, count in (("clients", clients), ("cards_per_client", cards_per_client)):
        if count < 1:
            raise _core.InvalidArgumentError(f"{name} must be at least 1", name)
    if not 0 <= seed < 2**32:
        raise _core.InvalidArgumentError("seed must be from 0 to 4294967295", "seed")
    return _DirtyMaker(clients, cards_per_client, seed).make()


class _Maker:
    def __init__(self, clients: int, seed: int, until: dt.date, days: int, duplicates: float, bad_rows: float) -> None:
        self.dice = _Dice(seed)
        self.cards = clients
        self.until = dt.datetime(until.year, until.month, until.day, 19, 0)
        self.first = self.until - dt.timedelta(days=days - 1, hours=10)
        self.days = days
        self.duplicates = round(clients * duplicates)
        self.bad_share = bad_rows
        self.bad: dict[str, int] = {}
        self.addresses: set[str] = set()  # domains and mailboxes: no two clients have the same

    def make(self) -> SyntheticBase:
        originals = max(self.cards - self.duplicates, 1)
        cards = [self._card(100_001 + i) for i in range(originals)]
        truth: dict[int, int | None] = {card["client"]: None for card in cards}
        for i in range(self.cards - originals):
            original = cards[self.dice.below(originals)]
            second = self._second_card(original, 100_001 + originals + i)
            cards.append(second)
            truth[second["client"]] = original["client"]
        contacts = self._contacts(cards[:originals])
        transactions = self._transactions(cards)
        base = SyntheticBase()
        base["clients"] = _table(cards)
        base["contacts"] = _table(contacts, ["contact", "organisation", "role", "title", "primary", "since"])
        base["directories"] = _directories()
        base["consents"] = self._consents(cards)
        base["transactions"] = transactions
        base["requests"] = self._requests(cards)
        base["interactions"] = self._interactions(cards)
        base["feedback"] = self._feedback(cards)
        base.truth = table_of({"client": list(truth), "duplicate_of": list(truth.values())})
        base.bad_rows = self.bad
        return base

    # Cards

    def _person(self, culture: str) -> PersonName:
        dice = self.dice
        female = dice.share() < 0.5
        if culture == "ru":
            given = dice.pick(names.RU_FEMALE if female else names.RU_MALE)
            middle = names.RU_PATRONYMICS[dice.pick(tuple(names.RU_PATRONYMICS))][1 if female else 0]
            family = dice.pick(names.RU_FAMILY)
            family = names.feminine(family) if female else family
            return PersonName(given, middle, family, names.transliterate(given), names.transliterate(family))
        if culture == "zh":
            family, latin_family = dice.pick(names.ZH_FAMILY)
            parts = [dice.pick(names.ZH_GIVEN) for _ in range(1 + (dice.share() < 0.75))]
            latin = "".join(part[1] for part in parts).capitalize()
            return PersonName("".join(part[0] for part in parts), "", family, latin, latin_family)
        given = dice.pick(names.EN_FEMALE if female else names.EN_MALE)
        family = dice.pick(names.EN_FAMILY)
        return PersonName(given, "", family, given, family)

    def _organisation(self, culture: str) -> tuple[str, str]:
        """Name with its legal form, and a Latin word for addresses on the net."""
        dice = self.dice
        if culture == "ru":
            first, second = dice.pick(names.RU_COMPANY_FIRST), dice.pick(names.RU_COMPANY_SECOND)
            legal = dice.pick(names.RU_LEGAL)
            if legal == "ИП":
                person = self._person("ru")
                return (
                    f"ИП {person.family} {person.given[0]}. {person.middle[0]}.",
                    f"{person.latin_family}-{names.transliterate(second)}",
                )
            brand = f"{first}{second}" if dice.share() < 0.6 else f"{first}-{second} {1 + dice.below(99)}"
            return f"{legal} «{brand}»", names.transliterate(brand).replace(" ", "-")
        if culture == "zh":
            city, first, second = (
                dice.pick(names.ZH_CITIES),
                dice.pick(names.ZH_COMPANY_FIRST),
                dice.pick(names.ZH_COMPANY_SECOND),
            )
            return f"{city[0]}{first[0]}{second[0]}{dice.pick(names.ZH_LEGAL)}", f"{city[1]}-{first[1]}-{second[1]}"
        if culture == "de":
            word = dice.pick(names.DE_COMPANY_FIRST) + dice.pick(names.DE_COMPANY_SECOND)
            return f"{word} {dice.pick(names.DE_LEGAL)}", word
        first, second = dice.pick(names.EN_COMPANY_FIRST), dice.pick(names.EN_COMPANY_SECOND)
        joined = f"{first} & {dice.pick(names.EN_FAMILY)} {second}" if dice.share() < 0.3 else f"{first} {second}"
        return f"{joined} {dice.pick(names.EN_LEGAL)}", f"{first}-{second}"

    def _card(self, client: int) -> dict[str, Any]:
        dice = self.dice
        organisation = dice.share() < 0.45
        draw = dice.share()
        culture = "ru" if draw < 0.5 else "en" if draw < 0.78 else "zh" if draw < 0.94 else "de"
        if culture == "de" and not organisation:
            culture = "en"
        created = self._moment(self.first - dt.timedelta(days=200), self.until)
        card: dict[str, Any] = {
            "client": client,
            "kind": "organisation" if organisation else "person",
            "given_name": None,
            "middle_name": None,
            "family_name": None,
            "birthday": None,
            "industry": None,
            "tax_numbers": None,
            "websites": None,
        }
        if organisation:
            card["name"], word = self._organisation(culture)
            card["emails"] = dice.pick(("info", "office", "sales", "mail"))  # at a domain which the city may be part of
            card["industry"] = dice.pick(_INDUSTRIES)
            site = dice.share() < 0.7
            # Numbers of a tax office that does not exist (00), with as many digits as real ones have.
            card["tax_numbers"] = f"00{dice.below(10**8):08d}" if dice.share() < 0.8 else None
        else:
            person = self._person(culture)
            card["given_name"], card["middle_name"], card["family_name"] = (
                person.given,
                person.middle or None,
                person.family,
            )
            card["name"] = {
                "ru": f"{person.family} {person.given} {person.middle}",
                "zh": f"{person.family}{person.given}",
            }.get(culture, f"{person.given} {person.family}")
            local = f"{_ascii(person.latin_given)}.{_ascii(person.latin_family)}"
            number = dice.below(100) if dice.share() < 0.6 else None
            card["emails"] = self._mailbox(local, number, dice.below(5)) if dice.share() < 0.85 else None
            if dice.share() < 0.5:
                card["birthday"] = dt.date(1950 + dice.below(55), 1 + dice.below(12), 1 + dice.below(28))
        country, zone, cities = dice.pick(_HOMES[culture])
        card["phones"] = self._phone(country) if dice.share() < 0.9 else None
        card["country"] = country
        card["language"] = culture
        card["city"] = dice.pick(cities)
        if organisation:
            domain = self._free(_domain(word), _domain(f"{word} {_latin(card['city'])}"))
            card["emails"] += f"@{domain}"
            card["websites"] = f"https://{domain}" if site else None
        card["street"] = self._street(culture)
        card["time_zone"] = zone
        card["source"] = dice.pick(_SOURCES)
        card["owner"] = dice.pick(_MANAGERS)
        card["category"] = "business" if organisation else "private"
        card["relationship_type"] = _declared_type(client, culture)
        card["created_at"] = _utc(created)
        card["updated_at"] = _utc(self._moment(created, self.until))
        return card

    def _mailbox(self, local: str, number: int | None, host: int) -> str:
        """A mailbox that nobody has yet; whoever comes later takes the next number, as people do."""
        address = f"{local}{'' if number is None else number}@mail{host}.example"
        while address in self.addresses:
            number = 1 if number is None else number + 1
            address = f"{local}{number}@mail{host}.example"
        self.addresses.add(address)
        return address

    def _free(self, domain: str, longer: str) -> str:
        """The domain, or where it is taken the longer one, numbered if need be."""
        wanted, number = domain, 1
        while wanted in self.addresses:
            wanted = longer if number == 1 else longer.replace(".example", f"-{number}.example")
            number += 1
        self.addresses.add(wanted)
        return wanted

    def _phone(self, country: str) -> str:
        digits = self.dice.below(10**7)
        if country == "RU":
            return f"+7 970 {digits // 10**4:03d}-{digits // 100 % 100:02d}-{digits % 100:02d}"
        if country == "CN":
            return f"+86 141 {digits // 1000:04d} {digits % 1000:03d}{self.dice.below(10)}"
        if country == "DE":
            return f"+49 30 {digits:07d}"
        if country == "GB":
            return f"+44 7700 9{digits % 10**5:05d}"
        return f"+1 {200 + digits % 700} 555 01{digits // 1000 % 100:02d}"  # numbers kept for fiction

    def _street(self, culture: str) -> str:
        number = 1 + self.dice.below(120)
        if culture == "ru":
            return f"ул. {self.dice.pick(names.RU_STREETS)}, {number}"
        if culture == "zh":
            return f"{self.dice.pick(names.ZH_STREETS)}{number}号"
        return f"{number} {self.dice.pick(names.EN_STREETS)}"

    def _second_card(self, original: dict[str, Any], client: int) -> dict[str, Any]:
        """The same client once more, as another clerk wrote it."""
        dice = self.dice
        card = dict(original)
        card["client"] = client
        card["source"] = dice.pick(_SOURCES)
        card["owner"] = dice.pick(_MANAGERS)
        created = self._moment(self.first, self.until)
        card["created_at"], card["updated_at"] = _utc(created), _utc(self._moment(created, self.until))
        how = dice.below(4)
        if how == 0:  # in Latin letters
            for field in ("name", "given_name", "family_name"):
                if card[field]:
                    card[field] = _latin(card[field])
            card["middle_name"] = None
        elif how == 1:  # a slip of the keyboard
            card["name"] = self._typo(card["name"])
            card["family_name"] = self._typo(card["family_name"]) if card["family_name"] else None
        elif how == 2:  # without the legal form or the middle name, in other case
            for legal in ("ООО ", "АО ", "ПАО ", " Limited", " Ltd", " Inc", " LLC", " GmbH", "有限公司"):
                card["name"] = card["name"].replace(legal, "")
            card["name"] = card["name"].replace("«", '"').replace("»", '"').upper()
            card["middle_name"] = None
        if card["phones"]:
            digits = "".join(character for character in card["phones"] if character.isdigit())
            national = "8" + digits[1:] if digits.startswith("7") else "00" + digits
            card["phones"] = dice.pick(("+" + digits, digits, national, f"+{digits[:1]} ({digits[1:4]}) {digits[4:]}"))
        if card["emails"] and dice.share() < 0.3:
            card["emails"] = card["emails"].upper() if dice.share() < 0.5 else None
        if dice.share() < 0.4:
            card["tax_numbers"] = None
        if dice.share() < 0.5:
            card["birthday"] = None
        return card

    def _typo(self, text: str) -> str:
        if len(text) < 3:
            return text
        at = 1 + self.dice.below(len(text) - 2)
        how = self.dice.below(3)
        if how == 0:
            return text[:at] + text[at + 1 :]
        if how == 1:
            return text[:at] + text[at] + text[at:]
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]

    def _moment(self, first: dt.datetime, last: dt.datetime) -> dt.datetime:
        """A minute between two moments, in working hours."""
        span = max(int((last - first).total_seconds()) // 86_400, 0)
        day = first + dt.timedelta(days=self.dice.below(span + 1))
        return min(day.replace(hour=9, minute=0) + dt.timedelta(minutes=self.dice.below(540)), last)

    # Events

    def _transactions(self, cards: list[dict[str, Any]]) -> _core.Table:
        dice, state = self.dice, self.dice.state
        columns: dict[str, list[Any]] = {
            field: []
            for field in (
                "client",
                "at",
                "amount",
                "quantity",
                "profit",
                "order",
                "product",
                "product_category",
                "refund",
            )
        }
        rates = state.pareto(1.25, len(cards)) * 3  # a few buy very often
        sizes = np.exp(state.normal(0, 0.8, len(cards)))  # and a few buy much
        order = 0
        for card, rate, size in zip(cards, rates, sizes, strict=True):
            business = card["kind"] == "organisation"
            if dice.share() < 0.15:
                continue  # asked, never bought
            orders = 1 + min(int(rate), 120)
            began = max(dt.datetime.fromisoformat(card["created_at"].removesuffix("Z")), self.first)
            left = self._moment(began, self.until) if dice.share() < 0.55 else self.until
            bought: list[tuple[int, float, tuple[str, str, float, float]]] = []
            for at in sorted(self._moment(began, left) for _ in range(orders)):
                order += 1
                for _ in range(1 + min(dice.below(4), dice.below(4))):
                    product = dice.pick(_PRODUCTS)
                    refund = bool(bought) and dice.share() < 0.02
                    if refund:  # something that was bought before comes back
                        quantity, amount, product = bought.pop(dice.below(len(bought)))
                    else:
                        most = max(int((8 if business else 2) * size * 40 / product[2]), 1)
                        quantity = 1 + dice.below(most)
                        amount = round(quantity * product[2] * (0.9 + 0.2 * dice.share()), 2)
                        bought.append((quantity, amount, product))
                    sign = -1 if refund else 1
                    columns["client"].append(str(card["client"]))
                    columns["at"].append(_utc(at))
                    columns["amount"].append(f"{sign * amount:.2f}")
                    columns["quantity"].append(sign * quantity)
                    columns["profit"].append(f"{sign * amount * (1 - product[3]):.2f}")
                    columns["order"].append(f"O-{order:06d}")
                    columns["product"].append(product[1])
                    columns["product_category"].append(product[0])
                    columns["refund"].append(refund)
        self._spoil_transactions(columns, len(cards))
        return table_of(columns)

    def _spoil_transactions(self, columns: dict[str, list[Any]], cards: int) -> None:
        dice = self.dice
        rows = len(columns["client"])
        chosen = dice.state.permutation(rows)[: round(rows * self.bad_share)]
        self.bad["transactions"] = len(chosen)
        for row in chosen.tolist():
            how = dice.share()
            if how < 0.35:
                columns["client"][row] = None
            elif how < 0.6:
                columns["client"][row] = str(900_001 + dice.below(cards))
            elif how < 0.8:
                columns["at"][row] = dice.pick(_BROKEN_DATES)
            elif how < 0.9:
                columns["amount"][row] = dice.pick(_BROKEN_AMOUNTS)
            else:
                columns["amount"][row] = "0.00"

    def _interactions(self, cards: list[dict[str, Any]]) -> _core.Table:
        dice, state = self.dice, self.dice.state
        counts = np.minimum((state.pareto(1.3, len(cards)) * 4).astype(int), 60)
        rows: list[dict[str, Any]] = []
        total = int(counts.sum())
        channels = dice.weighted(_CHANNELS, _CHANNEL_SHARES, total)
        topics = dice.weighted(_TOPICS, _TOPIC_SHARES, total)
        for card, count in zip(cards, counts.tolist(), strict=True):
            began = max(dt.datetime.fromisoformat(card["created_at"].removesuffix("Z")), self.first)
            for _ in range(count):
                at = self._moment(began, self.until)
                minutes = 3 + dice.below(45)
                draw = dice.share()
                state_name = "completed" if draw < 0.85 else "cancelled" if draw < 0.93 else "planned"
                done = state_name == "completed"
                rows.append(
                    {
                        "interaction": f"I-{len(rows) + 1:06d}",
                        "client": card["client"],
                        "channel": channels[len(rows)],
                        "initiative": "inbound" if dice.share() < 0.38 else "outbound",
                        "topic": topics[len(rows)],
                        "planned_from": _utc(at),
                        "planned_to": _utc(at + dt.timedelta(minutes=30)),
                        "started_at": _utc(at + dt.timedelta(minutes=dice.below(10))) if done else None,
                        "ended_at": _utc(at + dt.timedelta(minutes=10 + minutes)) if done else None,
                        "state": state_name,
                        "responsible": card["owner"],
                        "outcome": dice.pick(("agreed", "thinks about it", "refused", "call again")) if done else None,
                    }
                )
        chosen = state.permutation(len(rows))[: round(len(rows) * self.bad_share / 2)]
        self.bad["interactions"] = len(chosen)
        for row in chosen.tolist():
            how = dice.below(3)
            if how == 0:
                rows[row]["client"] = None
            elif how == 1:
                rows[row]["initiative"] = dice.pick(("both", "???"))
            else:
                rows[row]["state"] = dice.pick(("done?", "-"))
        fields = (
            "interaction client channel initiative topic planned_from planned_to started_at ended_at state responsible outcome"
        ).split()
        return _table(rows, fields)

    def _requests(self, cards: list[dict[str, Any]]) -> _core.Table:
        dice = self.dice
        rows: list[dict[str, Any]] = []
        for card in cards:
            for _ in range(dice.below(3) if dice.share() < 0.3 else 0):
                at = self._moment(self.first, self.until)
                state = dice.pick(("new", "in progress", "won", "lost", "postponed"))
                rows.append(
                    {
                        "request": f"R-{len(rows) + 1:05d}",
                        "client": card["client"],
                        "at": _utc(at),
                        "source": dice.pick(_SOURCES),
                        "state": state,
                        "product": dice.pick(_PRODUCTS)[1],
                        "revisit_on": (at + dt.timedelta(days=90)).date() if state == "postponed" else None,
                        "owner": card["owner"],
                    }
                )
        return _table(rows, "request client at source state product revisit_on owner".split())

    def _feedback(self, cards: list[dict[str, Any]]) -> _core.Table:
        dice = self.dice
        rows: list[dict[str, Any]] = []
        for card in cards:
            mood = dice.share()
            for _ in range(dice.below(4) if dice.share() < 0.2 else 0):
                measure = dice.pick(("csat", "nps", "ces"))
                best = {"csat": 5, "nps": 10, "ces": 7}[measure]
                lowest = 0 if measure == "nps" else 1
                score = round(min(max(mood * 0.6 + 0.45 * dice.share(), 0), 1) * (best - lowest)) + lowest
                rows.append(
                    {
                        "client": card["client"],
                        "at": _utc(self._moment(self.first, self.until)),
                        "measure": measure,
                        "score": score,
                        "channel": dice.pick(("phone", "email")),
                    }
                )
        return _table(rows, "client at measure score channel".split())

    def _consents(self, cards: list[dict[str, Any]]) -> _core.Table:
        dice = self.dice
        rows: list[dict[str, Any]] = []
        for card in cards:
            for channel in ("phone", "email", "sms"):
                if dice.share() < 0.45:
                    rows.append(
                        {
                            "client": card["client"],
                            "channel": channel,
                            "purpose": dice.pick(("marketing", "service")),
                            "granted": dice.share() < 0.8,
                            "since": card["created_at"],
                            "source": dice.pick(("web form", "contract", "phone")),
                        }
                    )
        return _table(rows, "client channel purpose granted since source".split())

    def _contacts(self, cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
        dice = self.dice
        people = [card for card in cards if card["kind"] == "person"]
        rows: list[dict[str, Any]] = []
        if not people:
            return rows
        for card in cards:
            if card["kind"] != "organisation" or dice.share() < 0.3:
                continue
            for place in range(1 + dice.below(2)):
                rows.append(
                    {
                        "contact": dice.pick(people)["client"],
                        "organisation": card["client"],
                        "role": dice.pick(_ROLES),
                        "title": None,
                        "primary": place == 0,
                        "since": card["created_at"][:10],
                    }
                )
        return rows


class _SkewedDice(_Dice):
    """Picks the first options often and the last ones seldom, as names and cities are."""

    def pick(self, options: Any) -> Any:
        return options[int(len(options) * self.share() ** 2.5)]


class _DirtyMaker(_Maker):
    def __init__(self, clients: int, cards_per_client: int, seed: int) -> None:
        super().__init__(clients, seed, dt.date(2026, 6, 30), 900, 0, 0)
        self.dice = _SkewedDice(seed)
        self.copies = cards_per_client
        self.shared = [self._phone(home) for home in ("RU", "GB", "US", "CN", "DE") for _ in range(1 + clients // 25)]

    def make(self) -> SyntheticBase:
        cards: list[tuple[int, dict[str, Any]]] = []
        for client in range(self.cards):
            original = self._card(0)
            original["shared_phone"] = self.shared[self.dice.below(len(self.shared))]
            original["second_email"] = f"{self.dice.pick(('info', 'home', 'me'))}{self.dice.below(10**5)}@post.example"
            cards += [(client, self._written(original)) for _ in range(self.copies)]
        order = self.dice.state.permutation(len(cards)).tolist()
        base = SyntheticBase()
        first: dict[int, int] = {}
        truth: dict[int, int | None] = {}
        for place, row in enumerate(order):
            client, card = cards[row]
            card["client"] = 100_001 + place
            truth[card["client"]] = first.get(client)
            first.setdefault(client, card["client"])
        base["clients"] = _table([cards[row][1] for row in order])
        base.truth = table_of({"client": list(truth), "duplicate_of": list(truth.values())})
        base.bad_rows = {}
        return base

    def _written(self, original: dict[str, Any]) -> dict[str, Any]:
        """The client as one of many clerks wrote it."""
        dice = self.dice
        card = self._second_card(original, 0)
        names_of = [field for field in ("given_name", "family_name", "name") if card[field]]
        if dice.share() < 0.25:
            for field in names_of:
                card[field] = _latin(card[field])
        if dice.share() < 0.3:
            field = names_of[dice.below(len(names_of))]
            card[field] = self._typo(card[field])
        if card["given_name"] and dice.share() < 0.12:
            card["given_name"] = card["given_name"][0] + "."
        if card["birthday"] and dice.share() < 0.1 and card["birthday"].day <= 12:
            card["birthday"] = card["birthday"].replace(month=card["birthday"].day, day=card["birthday"].month)
        if dice.share() < 0.25:
            card["emails"] = original["second_email"]
        if dice.share() < 0.35:
            card["phones"] = original["shared_phone"]
        for field, share in (("emails", 0.3), ("phones", 0.25), ("street", 0.5), ("city", 0.3), ("websites", 0.5)):
            if dice.share() < share:
                card[field] = None
        if card["given_name"]:
            card["name"] = " ".join(filter(None, (card["given_name"], card["middle_name"], card["family_name"])))
        for field in ("shared_phone", "second_email"):
            del card[field]
        return card


def _declared_type(client: int, culture: str) -> str | None:
    """What a seller wrote on some cards, in the words of the country; no draw, so that the rest stays as it is."""
    if client % 61 == 7:
        return {"ru": "Не клиент", "zh": "非客户"}.get(culture, "Non-client")
    if client % 23 == 5:
        return {"ru": "Целевой клиент", "zh": "目标客户"}.get(culture, "Target client")
    return None


def _directories() -> _core.Table:
    rows = [("industries", name) for name in _INDUSTRIES] + [("roles", name) for name in _ROLES]
    rows += [("products", product) for _, product, _, _ in _PRODUCTS]
    return table_of(
        {
            "directory": [directory for directory, _ in rows],
            "code": [name.lower().replace(",", "").replace(" ", "_") for _, name in rows],
            "title": [name for _, name in rows],
        }
    )


def _table(rows: list[dict[str, Any]], fields: list[str] | None = None) -> _core.Table:
    fields = list(rows[0]) if fields is None else fields
    return table_of({field: [row[field] for row in rows] for field in fields})


def _utc(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds") + "Z"


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(character for character in plain if character.isascii() and character.isalnum()).lower()


def _domain(word: str) -> str:
    return "-".join(filter(None, (_ascii(part) for part in word.replace("-", " ").split()))) + ".example"


_PINYIN = {
    han: latin + " "
    for pairs in (names.ZH_CITIES, names.ZH_COMPANY_FIRST, names.ZH_COMPANY_SECOND, names.ZH_FAMILY)
    for han, latin in pairs
} | {"有限公司": "Co., Ltd", "股份": "", "有限责任公司": "Co., Ltd"}


def _latin(text: str) -> str:
    for han in sorted(_PINYIN, key=len, reverse=True):
        text = text.replace(han, _PINYIN[han])
    for han, latin in names.ZH_GIVEN:
        text = text.replace(han, latin)
    return names.transliterate(text).replace("«", '"').replace("»", '"').strip()
