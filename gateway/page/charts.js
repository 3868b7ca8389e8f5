import { uPlot, useEffect, useRef } from "/vendor/page.js";
import { count } from "/format.js";
import { useLive } from "/hooks.js";
import { html } from "/html.js";

const HEIGHT = 150;

/** A colour of the page as it is now, light or dark. */
function colour(name, element) {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}

/** A line for each series over the last minutes. */
function Chart({ title, points, series, summary }) {
  const place = useRef(null);
  const plot = useRef(null);
  useEffect(() => {
    const axis = {
      stroke: colour("--quiet", place.current),
      grid: { stroke: colour("--line", place.current) },
      ticks: { stroke: colour("--line", place.current) },
    };
    plot.current = new uPlot(
      {
        width: place.current.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
        axes: [axis, { ...axis, size: 60 }],
        series: [
          {},
          ...series.map(({ stroke }) => ({
            stroke: colour(stroke, place.current),
            width: 2,
            spanGaps: true,
          })),
        ],
      },
      [[], ...series.map(() => [])],
      place.current,
    );
    const observer = new ResizeObserver(([{ contentRect }]) =>
      plot.current.setSize({ width: contentRect.width, height: HEIGHT }),
    );
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      plot.current.destroy();
    };
  }, []);
  useEffect(() => {
    plot.current.setData([points.map(({ at }) => at), ...series.map(({ value }) => points.map(value))]);
  }, [points]);
  return html`<section class="panel chart" aria-label=${title}>
    <header>
      <h2>${title}</h2>
      <p>${summary}</p>
    </header>
    <div ref=${place} role="img" aria-label=${`${title}: ${summary}`}></div>
  </section>`;
}

export function Charts() {
  const { points } = useLive();
  const last = points.at(-1);
  const total = points.slice(-60).reduce((sum, { tokens }) => sum + tokens, 0);
  return html`<div class="charts">
    <${Chart}
      title="Tokens per second"
      points=${points}
      series=${[{ stroke: "--used", value: ({ tokens }) => tokens }]}
      summary=${`${count(total)} in the last minute`}
    />
    <${Chart}
      title="Redis, in milliseconds"
      points=${points}
      series=${[
        { stroke: "--used", value: ({ redisP50 }) => redisP50 },
        { stroke: "--near", value: ({ redisP99 }) => redisP99 },
      ]}
      summary=${last?.redisP50 == null ? "not asked in the last second" : `half within ${last.redisP50}, 99 % within ${last.redisP99}`}
    />
  </div>`;
}
