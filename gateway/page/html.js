import { h, htm } from "/vendor/page.js";

/** Markup as in JSX, without a build. Whatever is put into it becomes text, never markup. */
export const html = htm.bind(h);
