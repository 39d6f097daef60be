"""Medians over the rounds, the table, and the judgement."""
import json
import statistics

RIVALS = ("nginx", "haproxy")
FACTOR, TARGET_MS, ENFORCED_MS = 1.1, 50, 50


def percentile(values, percent):
    """The value that `percent` of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def figures(rounds):
    """Of one server under one attack, in milliseconds: medians over the rounds."""
    times = [[wait * 1000 for wait in one["kept"] + one["new"]] for one in rounds]
    enforced = [wait * 1000 for one in rounds for wait in one["enforced"]]
    found = {"p50": statistics.median(percentile(each, 50) for each in times),
             "p99": statistics.median(percentile(each, 99) for each in times),
             "longest": statistics.median(max(each) for each in times),
             "longest_of_all": max(map(max, times)),
             "longest_kept": statistics.median(max(one["kept"]) * 1000 for one in rounds),
             "longest_new": statistics.median(max(one["new"]) * 1000 for one in rounds),
             "gave_up": sum(one["gave_up"] for one in rounds),
             "lost": sum(one["lost"] for one in rounds),
             "core_wait_percent": max(one["core_wait"] for one in rounds) * 100,
             "lag": max(one["lag"] for one in rounds) * 1000,
             "attacker_connections": statistics.median(one["connections"] for one in rounds),
             "attacker_octets": statistics.median(one["octets"] for one in rounds)}
    if enforced:
        found["enforced_p99"], found["enforced_count"] = percentile(enforced, 99), len(enforced)
    return found


def judge(by_server):
    """The ratio of the longest waits to the better rival's, and what misses its bound."""
    mine, misses = by_server["sallyport"], []
    rivals = [by_server[name]["longest"] for name in RIVALS if name in by_server]
    ratio = mine["longest"] / min(rivals) if rivals else None
    if ratio is not None and ratio > FACTOR:
        misses.append("ratio")
    if mine.get("enforced_p99", 0) > ENFORCED_MS:
        misses.append("enforcement")
    return {"ratio": ratio, "within_target": mine["longest"] <= TARGET_MS, "misses": misses}


def waits(one):
    if not one:
        return "not served"
    return f"{one['p50']:.2f} / {one['p99']:.2f} / {one['longest']:.1f}"


HEAD = ("| while one connection does | Sallyport | nginx | HAProxy | ratio | SET to 401, p99 | |\n"
        "|---|---|---|---|---|---|---|")


def row(name, by_server, judged):
    mine = by_server["sallyport"]
    ratio = "-" if judged["ratio"] is None else f"{judged['ratio']:.2f}"
    enforced = f"{mine['enforced_p99']:.1f}" if "enforced_p99" in mine else "-"
    notes = [f"over: {what}" for what in judged["misses"]]
    notes += [f"{one['lost']} tries failed on {who}" for who, one in by_server.items() if one["lost"]]
    notes += [f"the client gave up {one['gave_up']} times on {who}"
              for who, one in by_server.items() if one["gave_up"]]
    notes += [] if judged["within_target"] else [f"above {TARGET_MS} ms"]
    return (f"| {name} | {' | '.join(waits(by_server.get(who)) for who in ('sallyport', *RIVALS))} "
            f"| {ratio} | {enforced} | {', '.join(notes)} |")


def say(samples, repeated, folder, options):
    """Prints the table, writes fairness.json; whether all bounds are kept."""
    print("Milliseconds of the polite client, p50 / p99 / longest wait, medians over "
          f"{options['rounds']} rounds of {options['seconds']} s.\n\n{HEAD}")
    result, good = {}, True
    for name, by_server in samples.items():
        found = {who: figures(rounds) for who, rounds in by_server.items() if rounds}
        if "sallyport" not in found:
            continue
        judged = judge(found)
        result[name] = {"servers": found, **judged}
        good = good and not judged["misses"]
        print(row(name, found, judged), flush=True)
    waited = [one["core_wait"] for by_server in samples.values() for rounds in by_server.values()
              for one in rounds]
    print(f"\nOther work of this machine kept the servers from their core for "
          f"{statistics.median(waited):.1%} of a window (median), {max(waited):.1%} at worst.")
    for line in repeated:
        print(line)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fairness.json").write_text(json.dumps(
        {"options": options, "attacks": result, "repeated": repeated}, indent=1) + "\n")
    return good
