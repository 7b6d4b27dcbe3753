"""A report as one HTML file: no script, no request, everything that comes from outside escaped.

The policy in its head would forbid scripts and requests even if something were not.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import count
from typing import Any

from pytest_asyncbench.report.document import LoadCall, Provenance, Report, Run, Statement, Test, Variant
from pytest_asyncbench.report.environment import facts
from pytest_asyncbench.report.hunted import hunt_texts
from pytest_asyncbench.report.lines import (
    HEADINGS,
    about,
    counted_verdicts,
    limiter,
    limiters,
    measured,
    remarks,
    server,
    shown,
    shown_metrics,
    state,
    told,
)
from pytest_asyncbench.report.markup import Markup, bullets, element, folded, joined, table
from pytest_asyncbench.report.pictures.canvas import Picture
from pytest_asyncbench.report.pictures.cpu import cpu_picture
from pytest_asyncbench.report.pictures.latencies import latencies_picture
from pytest_asyncbench.report.pictures.moments import moments_picture
from pytest_asyncbench.report.pictures.ramp import ramp_picture
from pytest_asyncbench.report.pictures.rounds import rounds_picture
from pytest_asyncbench.report.pictures.variants import variants_picture
from pytest_asyncbench.report.pictures.waits import waits_picture
from pytest_asyncbench.report.race import ended, heading, lane_rows

MOST_COLUMNS = 4
"""Variants that stand side by side in a table; more of them stand below each other."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def as_html(report: Report) -> str:
    """The whole page. Needs matplotlib."""
    salts = (f"asyncbench-{number}" for number in count(1))
    title = f"asyncbench: {counted_verdicts(report)}"
    sections = [_test(test, number, report, salts) for number, test in enumerate(report.tests, 1)]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("title", title),
        element("style", Markup(files("pytest_asyncbench.report").joinpath("page.css").read_text("utf-8"))),
    )
    body = element("body", _header(report, title), element("main", *sections), _measured_with(report))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _header(report: Report, title: str) -> Markup:
    links = [
        joined((_badge(state(test)), " ", element("a", test.nodeid, href=f"#test-{number}")))
        for number, test in enumerate(report.tests, 1)
    ]
    interrupted = "The run was interrupted: what is missing was not measured."
    return element(
        "header",
        element("h1", title),
        element("p", f"{report.created}, {report.seconds:.0f} s", class_="quiet"),
        element("p", interrupted) if report.interrupted else Markup(""),
        bullets(report.notices),
        element("nav", bullets(links), aria_label="Tests"),
    )


def _test(test: Test, number: int, report: Report, salts: Iterator[str]) -> Markup:
    calls = [_call(call, report, salts) for call in test.loads]
    message = folded("What pytest says", element("pre", test.message)) if test.message else Markup("")
    heading = element("h2", _badge(state(test)), test.nodeid, id=f"test-{number}")
    logs = [folded(f"What {name} wrote", element("pre", log)) for name, log in test.logs.items()]
    return element("section", heading, *calls, message, *logs)


def _call(call: LoadCall, report: Report, salts: Iterator[str]) -> Markup:
    cores = report.environment.machine.cores
    pictures = [ramp_picture(call, next(salts))] if call.ramp else []
    if not call.ramp:
        pictures += [rounds_picture(track, next(salts)) for item in told(call) for track in item.tracks]
    for run in [] if call.ramp else call.runs:
        pictures += [
            variants_picture(run, next(salts)),
            moments_picture(run, next(salts)),
            latencies_picture(run, next(salts)),
            cpu_picture(run, cores, next(salts)),
            waits_picture(run, next(salts)),
        ]
    return joined(
        (
            element("h3", call.name, " ", element("span", call.shape, class_="quiet")),
            element("ul", *(_verdict(item) for item in told(call)), class_="verdicts"),
            bullets(limiters(call)),
            bullets(hunt_texts(call.slowest)) if call.slowest else Markup(""),
            _race(call),
            *(_figures(run) for run in ([] if call.ramp else call.runs)),
            bullets(call.ramp.notes) if call.ramp else Markup(""),
            element("div", *(each.as_html() for each in _known(pictures)), class_="pictures"),
            *(_configuration(run) for run in call.runs[:1]),
        )
    )


def _race(call: LoadCall) -> Markup:
    """Every variant in its place; nothing of what is no race."""
    race = call.race
    if race is None:
        return Markup("")
    headings, rows = lane_rows(race, call.runs[0])
    caption = heading(race.metric, race.by, len(call.runs[0].variants))
    remarks_ = [text.strip() for text in ended(race.why, race.slots, race.slots_without)]
    return joined(
        (table(caption.capitalize(), headings, rows, class_="wraps"), bullets([*remarks_, *race.notes]))
    )


def _known(pictures: list[Picture | None]) -> list[Picture]:
    return [each for each in pictures if each is not None]


def _verdict(item: Statement) -> Markup:
    limited = f" Limited by {limiter(item)}." if limiter(item) else ""
    return element(
        "li",
        _badge(item.outcome),
        element(
            "div",
            element("strong", about(item)),
            element("div", item.why + limited, class_="quiet"),
            element("pre", "\n".join(item.details)) if item.details else Markup(""),
        ),
    )


def _figures(run: Run) -> Markup:
    names = shown_metrics(run.variants)
    rows = [["server", *(server(each) for each in run.variants)]]
    rows += [[HEADINGS.get(name, name), *(shown(each, name) for each in run.variants)] for name in names]
    headings = ["metric", *(each.name for each in run.variants)]
    if len(run.variants) > MOST_COLUMNS:
        headings, *rows = [list(row) for row in zip(headings, *rows, strict=True)]
    parts = [
        table("Every metric", headings, rows, class_="wraps"),
        bullets(remarks(run)),
        element("p", measured(run), class_="quiet"),
    ]
    for variant in run.variants:
        if variant.steps:
            known = list(dict.fromkeys(name for figures in variant.steps.values() for name in figures))
            step_rows = [
                [step, *(figures[name].shown if name in figures else "-" for name in known)]
                for step, figures in variant.steps.items()
            ]
            parts.append(
                folded(f"Requests of {variant.name}", table("By request", ["request", *known], step_rows))
            )
    return joined(parts)


def _configuration(run: Run) -> Markup:
    """Plan, servers, order of the slots, and whatever else is known of how it was measured."""
    plan = {name: value for name, value in _fields(run.plan).items() if value not in (None, "", False)}
    parts = [_facts("Plan", plan)]
    parts += [_facts(f"Server {variant.name}", _spec(variant)) for variant in run.variants]
    for variant in run.variants:
        parts += [_facts(f"Counters of {variant.name}", variant.counters)] if variant.counters else []
        parts += [_facts(f"Limiter of {variant.name}", variant.limiter)] if variant.limiter else []
    parts += _provenance(run.provenance) if run.provenance else []
    order = [[str(number), ", ".join(names)] for number, names in enumerate(run.order, 1)]
    parts.append(table("Order of the slots", ["round", "variants"], order))
    return folded("Configuration and order of the slots", *parts)


def _fields(value: Any) -> Mapping[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _spec(variant: Variant) -> Mapping[str, Any]:
    spec, revision = variant.spec, variant.revision
    environ = {f"env {name}": value for name, value in spec.env.items()}
    command = {"command": " ".join(spec.command)} if spec.command else {}
    return {
        "label": spec.label,
        **({"revision": f"{revision.branch} ({revision.commit})"} if revision else {}),
        "mode": spec.mode,
        "concurrency": spec.concurrency,
        **spec.words,
        **command,
        **environ,
    }


def _provenance(found: Provenance) -> list[Markup]:
    """How each server was launched, and the PostgreSQL."""
    parts = [
        _facts(f"Launch of {name}", {**_fields(launch), "command": shlex.join(launch.command)})
        for name, launch in found.launches.items()
    ]
    return [*parts, _facts("PostgreSQL", _fields(found.postgresql))] if found.postgresql else parts


def _facts(caption: str, found: Mapping[str, Any]) -> Markup:
    """Names and values; what is nested is flattened."""
    rows = [
        element("tr", element("th", name, scope="row"), element("td", value, class_="words"))
        for name, value in _flat("", found)
    ]
    whole = element("table", element("caption", caption), element("tbody", *rows))
    return element("div", whole, class_="scrolls", tabindex="0", role="region", aria_label=caption)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, held in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), held)
    elif isinstance(value, list | tuple):
        yield name, ", ".join(str(item) for item in value)
    else:
        yield name, str(value)


def _measured_with(report: Report) -> Markup:
    used = {name: value for name, value in report.options.items() if value not in (None, False)}
    return element(
        "section",
        element("h2", "Measured with"),
        _facts("Environment", facts(report.environment)),
        _facts("Options", used),
        folded(
            "What the metrics are", _facts("Metrics", {each.name: each.source for each in report.metrics})
        ),
    )


def _badge(outcome: str) -> Markup:
    return element("span", outcome, class_=f"badge {outcome if outcome.isalpha() else 'none'}")
