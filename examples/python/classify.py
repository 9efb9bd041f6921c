"""Classifies a made-up client base and says who deserves attention first, and why."""

import klientela


def main() -> None:
    base = klientela.synthetic.make_base(clients=500, seed=4)
    result = klientela.run(base, klientela.synthetic.POLICY)
    print(result)

    groups = result.summary["matrix"]["groups"]
    for name, group in groups.items():
        print(f"{name:8} {group['clients']:4} clients, {group['money']} EUR")

    features = result.features.to_pydict()
    best = max(range(len(result.features)), key=lambda row: features["money_net"][row])
    client = features["client"][best]
    print(f"the largest client is {client}")
    for reason in result.explain(client).values():
        print(" ", reason)


if __name__ == "__main__":
    main()
