import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openStream } from "./stream";

class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static opened: FakeSource[] = [];
  readyState = 1;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor() {
    super();
    FakeSource.opened.push(this);
  }
  close(): void {
    this.readyState = FakeSource.CLOSED;
  }
  say(name: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }
}

const heard: string[] = [];
const listener = {
  connected: () => void heard.push("connected"),
  disconnected: () => void heard.push("disconnected"),
  frame: () => void heard.push("frame"),
  change: () => void heard.push("change"),
  incident: () => void heard.push("incident"),
  gap: () => void heard.push("gap"),
};
let close: () => void;

/** What was said so far has been handed over. */
function delivered(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function source(): FakeSource {
  return FakeSource.opened.at(-1) as FakeSource;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
  FakeSource.opened = [];
  heard.length = 0;
  close = openStream("/live", listener);
});

afterEach(() => {
  close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("frames, changes and gaps are passed on", async () => {
  source().onopen?.();
  source().say("frame", {});
  source().say("alert", {});
  source().say("incident", {});
  source().say("gap", null);
  await delivered();
  expect(heard).toEqual(["connected", "frame", "change", "incident", "gap"]);
});

test("what came together is handed over together, in its order", async () => {
  source().onopen?.();
  source().say("alert", {});
  source().say("frame", {});
  expect(heard).toEqual([]);
  await delivered();
  expect(heard).toEqual(["connected", "change", "frame"]);
});

test("a broken connection is left to the browser, which resumes it: no gap", async () => {
  source().onopen?.();
  source().readyState = 0;
  source().onerror?.();
  source().readyState = 1;
  source().onopen?.();
  await delivered();
  expect(heard).toEqual(["connected", "disconnected", "connected"]);
  expect(FakeSource.opened.length).toBe(1);
});

test("a stream that the browser gave up is opened anew, with a gap", async () => {
  source().onopen?.();
  source().readyState = FakeSource.CLOSED;
  source().onerror?.();
  vi.advanceTimersByTime(2000);
  expect(FakeSource.opened.length).toBe(2);
  source().onopen?.();
  await delivered();
  expect(heard).toEqual(["connected", "disconnected", "connected", "gap"]);
});

test("a connection that died without a word is noticed and opened anew", async () => {
  source().onopen?.();
  vi.advanceTimersByTime(15_000);
  source().say("frame", {});
  vi.advanceTimersByTime(19_000);
  await delivered();
  expect(heard).toEqual(["connected", "frame"]);
  vi.advanceTimersByTime(3000);
  await delivered();
  expect(heard).toEqual(["connected", "frame", "disconnected"]);
  expect(FakeSource.opened.length).toBe(2);
});

test("a closed stream stays closed", async () => {
  source().onopen?.();
  await delivered();
  close();
  vi.advanceTimersByTime(60_000);
  expect(FakeSource.opened.length).toBe(1);
  await delivered();
  expect(heard).toEqual(["connected"]);
});
