# SPDX-License-Identifier: Apache-2.0
"""The page of metrics with what plugins add to it; one that cannot be read is left out and named."""

import re
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse

from podium.core import Plugin, PluginContext, PluginError
from podium.core._fastpath import Worker
from podium.core.metrics import Metrics
from podium.core.metrics.host import DROPPED, RECEIVED, WORKER_COUNTERS, PluginCollector
from tests.plugins.stand_ins import problems, running

OPEN = "application/openmetrics-text; version=1.0.0"


def text(metrics: Metrics, accept: str = "") -> str:
    return metrics.page(accept)[0].decode()


def values(metrics: Metrics) -> dict[str, float]:
    return {sample.name: sample.value for family in parse(text(metrics)) for sample in family.samples}


def greeter(name: str = "greeter") -> tuple[Plugin, list[PluginContext]]:
    plugin, contexts = Plugin(name, version="1.0"), list[PluginContext]()

    @plugin.on_start
    async def begin(context: PluginContext) -> None:
        contexts.append(context)

    return plugin, contexts


async def test_a_plugins_metrics_are_on_the_page_while_it_runs(tmp_path: Path) -> None:
    plugin, contexts = greeter()
    async with running(tmp_path, plugin) as manager:
        metrics = contexts[0].metrics
        metrics.counter("greeter_greetings", "Greetings.").inc(2)
        metrics.gauge("greeter_waiting", "Waiting.", ["room"]).labels("math").set(3)
        metrics.histogram("greeter_seconds", "Time.", buckets=(1, 2)).observe(1.5)
        assert values(manager.metrics)["greeter_greetings_total"] == 2
        assert 'greeter_waiting{room="math"} 3.0' in text(manager.metrics)
        assert 'greeter_seconds_bucket{le="2.0"} 1.0' in text(manager.metrics)
        assert metrics.counter("greeter_greetings_total", "Greetings.") is metrics.counter("greeter_greetings", "")

        await manager.disable("greeter")
        assert "greeter" not in text(manager.metrics)
        with pytest.raises(PluginError, match="is not running"):
            metrics.counter("greeter_greetings", "Greetings.")

        await manager.enable("greeter")
        contexts[1].metrics.counter("greeter_greetings", "Greetings.")
        assert values(manager.metrics)["greeter_greetings_total"] == 0


async def test_a_plugin_that_fails_leaves_no_metric(tmp_path: Path) -> None:
    plugin = Plugin("greeter", version="1.0")

    @plugin.on_start
    async def begin(context: PluginContext) -> None:
        context.metrics.gauge("greeter_waiting", "Waiting.")
        raise ValueError("after all")

    async with running(tmp_path, plugin) as manager:
        assert "greeter_waiting" not in text(manager.metrics)
        manager.metrics.of_plugin("other").gauge("greeter_waiting", "Waiting.")  # the name is free


async def test_a_name_belongs_to_one_owner(tmp_path: Path) -> None:
    (one, contexts), (other, others) = greeter(), greeter("other")
    async with running(tmp_path, one, other) as manager:
        manager.metrics.add(PluginCollector(manager, manager.metrics.errors))
        contexts[0].metrics.counter("greetings", "Greetings.")
        for name in ("greetings", "greetings_total", "greetings_created"):
            with pytest.raises(PluginError, match="plugin 'greeter' has it") as refused:
                others[0].metrics.gauge(name, "Mine.")
            assert refused.value.code == "metric_exists"
        with pytest.raises(PluginError, match="Podium itself has it"):
            others[0].metrics.counter("podium_plugin_crashes", "Mine.")


async def test_the_same_name_with_other_terms_is_refused(tmp_path: Path) -> None:
    plugin, contexts = greeter()
    async with running(tmp_path, plugin):
        metrics = contexts[0].metrics
        metrics.gauge("greeter_waiting", "Waiting.", ["room"])
        for other in (lambda: metrics.gauge("greeter_waiting", ""), lambda: metrics.counter("greeter_waiting", "")):
            with pytest.raises(PluginError) as refused:
                other()
            assert refused.value.code == "metric_exists"
        for name, labels in (("greeter waiting", []), ("", []), ("greeter_x", ["1"]), ("greeter_x", ["__x"])):
            with pytest.raises(PluginError) as refused:
                metrics.counter(name, "Wrong.", labels)
            assert refused.value.code == "metric_invalid"
        metrics.counter("greeter_x", "Right.")


async def test_a_metric_that_cannot_be_read_is_left_out_counted_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> float:
        raise OSError("no such sensor")

    plugin, contexts = greeter()
    async with running(tmp_path, plugin) as manager:
        manager.metrics.add(PluginCollector(manager, manager.metrics.errors))
        metrics = contexts[0].metrics
        metrics.gauge("greeter_heat", "Fails.").set_function(fail)
        metrics.gauge("greeter_text", "No number.").set_function(lambda: "warm")  # type: ignore[arg-type,return-value]  # a plugin's mistake
        metrics.counter("greeter_label", "Cannot be written.", ["of"]).labels("\ud800").inc()
        metrics.gauge("greeter_cold", "Works.").set(1)
        page = [text(manager.metrics) for _ in range(2)][-1]
        assert "greeter_cold 1.0" in page
        assert not re.search("^greeter_(heat|text|label)", page, re.MULTILINE)
        assert 'podium_plugin_metrics_errors_total{plugin="greeter"} 6.0' in page
    left_out = [each for each in problems(caplog) if each[0].startswith("metric")]
    assert left_out == [("metric cannot be read and is left out", "greeter")]


async def test_both_formats_can_be_parsed(tmp_path: Path) -> None:
    plugin, contexts = greeter()
    async with running(tmp_path, plugin) as manager:
        manager.metrics.add(PluginCollector(manager, manager.metrics.errors))
        contexts[0].metrics.counter("greeter_greetings", "Greetings.").inc(2)
        plain, content_type = manager.metrics.page("text/html, */*")
        assert content_type.startswith("text/plain")
        assert len(list(parse(plain.decode()))) > 5
        told, content_type = manager.metrics.page(OPEN)
        assert content_type.startswith("application/openmetrics-text")
        assert "greeter_greetings" in {family.name for family in parse_open(told.decode())}  # type: ignore[no-untyped-call]  # it has no annotations
        assert manager.metrics.page(OPEN.replace("1.0.0", "x.\u00e4"))[1] == content_type


def test_every_counter_of_a_worker_is_exposed() -> None:
    worker = Worker("127.0.0.1", 0)
    unknown = {name for name in worker.counters() if not name.startswith(DROPPED)} - {*RECEIVED, *WORKER_COUNTERS}
    worker.close()
    assert unknown == set()
