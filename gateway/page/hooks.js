import { useEffect, useRef, useState } from "/vendor/page.js";
import { live } from "/live.js";

/** Renders again when something new is known, at most once a frame. */
export function useLive() {
  const [, render] = useState(0);
  useEffect(() => {
    let frame = 0;
    const unsubscribe = live.subscribe(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        render((times) => times + 1);
      });
    });
    return () => {
      unsubscribe();
      cancelAnimationFrame(frame);
    };
  }, []);
  return live;
}

/** The time now, renewed every second. */
export function useNow() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** A value, once it has not changed for a while. */
export function useSettled(value, ms) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** The height of an element, kept up to date. */
export function useHeight() {
  const ref = useRef(null);
  const [height, setHeight] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setHeight(entry.contentRect.height));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return [ref, height];
}
