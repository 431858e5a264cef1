"""`examples/opportunities` as events: deals created when engaged, won or lost when closed.

How the rows are read:
- A row without an engage date (stage Prospecting) has not happened yet: there is no time to tell it at.
- A row without an account becomes a relationship of its own.
- `GTXPro` is the product that products.csv calls `GTX Pro`.
- An open deal is worth its product's list price; a won one its close value. The close value 0 of a lost one
  says nothing, and is left out.
- Accounts and agents are known by their row in accounts.csv and sales_teams.csv: no names in an event.
- Dates have no time of day: noon UTC, which is the same date almost everywhere.
"""

from datetime import UTC, datetime

from tests.data.lines import EXAMPLES, Converted, line, rows

FOLDER = EXAMPLES / "opportunities"
SOURCE = "/opportunities"
PRODUCTS = {"GTXPro": "GTX Pro"}
CLOSED = {"Won": "crm.deal.won", "Lost": "crm.deal.lost"}

Row = dict[str, str]


def converted() -> Converted:
    known = _Known()
    result = Converted()
    for row in rows(FOLDER / "sales_pipeline.csv"):
        result.found["rows"] += 1
        result.found["without account"] += not row["account"]
        result.found["respelled"] += row["product"] in PRODUCTS
        if not row["engage_date"]:
            result.found["without engage date"] += 1
            continue
        result.lines += _events(row, known)
        result.found["without value"] += row["deal_stage"] not in CLOSED
    return result


class _Known:
    """The tables beside the pipeline."""

    def __init__(self) -> None:
        self.prices_minor = {
            row["product"]: int(row["sales_price"]) * 100 for row in rows(FOLDER / "products.csv")
        }
        self.accounts = {
            row["account"]: number for number, row in enumerate(rows(FOLDER / "accounts.csv"), 1)
        }
        self.sectors = {row["account"]: row["sector"] for row in rows(FOLDER / "accounts.csv")}
        self.agents = {
            row["sales_agent"]: number for number, row in enumerate(rows(FOLDER / "sales_teams.csv"), 1)
        }
        self.offices = {
            row["sales_agent"]: row["regional_office"] for row in rows(FOLDER / "sales_teams.csv")
        }


def _events(row: Row, known: _Known) -> list[bytes]:
    id_, product = row["opportunity_id"], PRODUCTS.get(row["product"], row["product"])
    account = known.accounts.get(row["account"])
    about = {
        "deal_id": id_,
        "customer_id": f"account:{account}" if account else f"prospect:{id_}",
        "product_id": product,
        "region": known.offices[row["sales_agent"]],
        "segment": known.sectors.get(row["account"]),
    }
    opened = {
        "owner_id": f"agent:{known.agents[row['sales_agent']]}",
        "amount_minor": known.prices_minor[product],
        "currency": "USD",
    }
    created = line(SOURCE, f"{id_}/1", "crm.deal.created", _noon(row["engage_date"]), {**about, **opened})
    if row["deal_stage"] not in CLOSED:
        return [created]
    return [created, _closed(row, about)]


def _closed(row: Row, about: dict[str, str | None]) -> bytes:
    won = row["deal_stage"] == "Won"
    price = {"amount_minor": int(row["close_value"]) * 100, "currency": "USD"} if won else {}
    type_, at = CLOSED[row["deal_stage"]], _noon(row["close_date"])
    return line(SOURCE, f"{row['opportunity_id']}/2", type_, at, {**about, **price})


def _noon(date: str) -> datetime:
    """Of a date written M/D/YYYY."""
    return datetime.strptime(date, "%m/%d/%Y").replace(hour=12, tzinfo=UTC)
