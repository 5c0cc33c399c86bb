#!/usr/bin/env bash
# prom-client 15.1.3 (npm), Node 20.
#
# Behaviour: AggregatorRegistry.aggregate(), which a cluster's page is made with, adds the quantiles of a Summary as it adds counts: two
#   workers whose median latency is 0.5 s and 1.5 s have 2 s together, four equal ones four times their latency. A Summary with
#   maxAgeSeconds says 0 for each quantile once nothing was observed for that time, as does one that never saw a value, so that an
#   idle service has the best latency of all (its count stays). A Histogram takes buckets that are not in ascending order and counts
#   each value in all of them, including those that it exceeds; a gauge whose collect() raises takes the whole page with it.
# Wrong guess: quantiles are left out or averaged, are NaN where there is nothing (as in Go's client), and unsorted buckets are sorted
#   or refused (as in Python's client).
# Seen: "two workers: s{quantile=\"0.5\"} 2", "never observed: s{quantile=\"0.5\"} 0", "idle for 1 s: s{quantile=\"0.5\"} 0, s_count 3",
#   "unsorted: h_bucket{le=\"10\"} 1, h_bucket{le=\"1\"} 1, h_bucket{le=\"0.1\"} 1, h_sum 5", "a failing gauge beside another: Error: no device".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --cache "$work/npm" prom-client@15.1.3
cat > run.js <<'JS'
const { AggregatorRegistry, Gauge, Histogram, Registry, Summary } = require("prom-client");

let asExpected = true;
async function check(name, registry, expected, wanted = /./) {
  let found;
  try {
    const lines = (await registry.metrics()).split("\n").filter((line) => line && !line.startsWith("#"));
    found = lines.filter((line) => wanted.test(line)).join(", ");
  } catch (error) {
    found = String(error);
  }
  console.log(`${name}: ${found}`);
  asExpected &&= found === expected;
}

function summaryOf(values, settings = {}) {
  const registry = new Registry();
  const summary = new Summary({ name: "s", help: "Latency.", percentiles: [0.5], registers: [registry], ...settings });
  values.forEach((value) => summary.observe(value));
  return registry;
}

async function main() {
  const workers = [summaryOf([0.5, 0.5, 0.5]), summaryOf([1.5, 1.5, 1.5])];
  for (const worker of workers) await check("one worker", worker, `s{quantile="0.5"} ${worker === workers[0] ? 0.5 : 1.5}`, /quantile/);
  const pages = await Promise.all(workers.map((worker) => worker.getMetricsAsJSON()));
  await check("two workers", AggregatorRegistry.aggregate(pages), 's{quantile="0.5"} 2', /quantile/);

  await check("never observed", summaryOf([]), 's{quantile="0.5"} 0', /quantile/);
  const idle = summaryOf([0.5, 0.5, 0.5], { maxAgeSeconds: 1, ageBuckets: 2 });
  await check("just observed", idle, 's{quantile="0.5"} 0.5, s_count 3', /quantile|count/);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  await check("idle for 1 s", idle, 's{quantile="0.5"} 0, s_count 3', /quantile|count/);

  for (const [name, buckets, expected] of [
    ["sorted", [0.1, 1, 10], 'h_bucket{le="0.1"} 0, h_bucket{le="1"} 0, h_bucket{le="10"} 1, h_sum 5'],
    ["unsorted", [10, 1, 0.1], 'h_bucket{le="10"} 1, h_bucket{le="1"} 1, h_bucket{le="0.1"} 1, h_sum 5'],
  ]) {
    const registry = new Registry();
    new Histogram({ name: "h", help: "Latency.", buckets, registers: [registry] }).observe(5);
    await check(name, registry, expected, /sum|le="\d/);
  }

  const registry = new Registry();
  new Gauge({ name: "good", help: "A gauge.", registers: [registry] }).set(1);
  const collect = () => {
    throw new Error("no device");
  };
  new Gauge({ name: "bad", help: "Another.", registers: [registry], collect });
  await check("a failing gauge beside another", registry, "Error: no device");
  process.exit(asExpected ? 0 : 1);
}

main();
JS
node run.js
