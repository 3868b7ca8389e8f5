import { useState } from "/vendor/page.js";
import { useHeight } from "/hooks.js";
import { html } from "/html.js";

const OVERSCAN = 5;

/** A list of any length, of which only the rows in sight exist. */
export function VirtualList({ items, rowHeight, label, row, empty }) {
  const [ref, height] = useHeight();
  const [top, setTop] = useState(0);
  const first = Math.max(0, Math.floor(top / rowHeight) - OVERSCAN);
  const last = Math.ceil((top + height) / rowHeight) + OVERSCAN;
  const shown = items.slice(first, last);
  return html`<div
    class="list"
    ref=${ref}
    tabindex="0"
    role="region"
    aria-label=${label}
    onScroll=${(event) => setTop(event.target.scrollTop)}
  >
    ${items.length === 0 && html`<p class="empty">${empty}</p>`}
    ${
      items.length > 0 &&
      html`<ul style=${{ height: `${items.length * rowHeight}px` }}>
        ${shown.map(
          (item, at) =>
            html`<li
              key=${item.id}
              aria-setsize=${items.length}
              aria-posinset=${first + at + 1}
              style=${{ height: `${rowHeight}px`, transform: `translateY(${(first + at) * rowHeight}px)` }}
            >
              ${row(item)}
            </li>`,
        )}
      </ul>`
    }
  </div>`;
}
