"""Two classifiers of one's own: a function of columns, and a class that learns; both are axes of the contact matrix."""

import klientela
import numpy as np

registry = klientela.ClassifierRegistry()


@registry.classifier("habit", labels=["casual", "regular"])
def habit(frequency, *, orders=3):
    """Regular is who has ordered so often."""
    return (frequency >= orders).astype(int)


class Spender:
    """How many times the median of all clients one has spent."""

    def fit(self, table):
        self.median = float(np.median(table["money_net"]))

    def classify(self, table):
        ratio = table["money_net"] / self.median
        return {"": (ratio > 1).astype(int), "_ratio": ratio}

    def reason(self, values, result):
        return {"en": f"against a median of {self.median:.2f}", "ru": f"при медиане {self.median:.2f}"}

    def to_dict(self):
        return {"median": self.median}

    def from_dict(self, document):
        self.median = document["median"]


registry.add("spender", Spender, inputs=["money_net"], labels={"": ["small", "large"], "_ratio": None})

POLICY = {
    **klientela.synthetic.POLICY,
    "classifiers": {
        "habit": {"orders": 4},
        "spender": {},
        "matrix": {
            "x": {"measure": "habit", "bands": ["casual", "regular"], "labels": [["casual"], ["regular"]]},
            "y": {"measure": "spender_ratio", "bands": ["low", "middle", "high"], "edges": [0.5, 2]},
            "groups": [{"name": "invite", "rules": [{"x": ["regular"], "y": ["high"]}]}],
            "otherwise": "write",
        },
    },
}


def main() -> None:
    result = klientela.run(klientela.synthetic.make_base(clients=300, seed=4), POLICY, classifiers=registry)
    for name, group in result.summary["matrix"]["groups"].items():
        print(f"{name:8} {group['clients']:4} clients, {group['money']} EUR")
    client = result.features.to_pydict()["client"][0]
    for reason in result.explain(client).values():
        print(reason)
    moved = result.history(every="quarter").migration(column="spender")
    print(f"{len(moved)} pairs of classes to move between")


if __name__ == "__main__":
    main()
