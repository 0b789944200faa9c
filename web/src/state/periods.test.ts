import { describe, expect, it } from "vitest";
import { daysIn, daysOf, flawOf, lengthOf, periodOf, shiftDay, weekdayOf } from "./periods";

/** A Wednesday. */
const TODAY = "2026-09-02";

describe("named periods", () => {
  it.each([
    ["today", "2026-09-02", "2026-09-02"],
    ["yesterday", "2026-09-01", "2026-09-01"],
    ["this_week", "2026-08-31", "2026-09-02"],
    ["last_week", "2026-08-24", "2026-08-30"],
    ["this_month", "2026-09-01", "2026-09-02"],
  ] as const)("%s is from %s to %s", (period, from, to) => {
    expect(daysOf(period, TODAY)).toEqual({ from, to });
    expect(periodOf({ from, to }, TODAY)).toBe(period);
  });

  it("begin a week on Monday, also on a Sunday", () => {
    expect(daysOf("this_week", "2026-09-06")).toEqual({ from: "2026-08-31", to: "2026-09-06" });
    expect(weekdayOf("2026-09-06")).toBe(7);
  });

  it("that are the same days have one name", () => {
    expect(periodOf({ from: "2026-08-31", to: "2026-08-31" }, "2026-08-31")).toBe("today");
    expect(periodOf({ from: "2026-06-01", to: "2026-06-05" }, TODAY)).toBe("custom");
  });
});

describe("days", () => {
  it("pass the ends of months, leap days and years", () => {
    expect(shiftDay("2028-02-28", 1)).toBe("2028-02-29");
    expect(shiftDay("2027-01-01", -1)).toBe("2026-12-31");
    expect(lengthOf({ from: "2026-06-03", to: TODAY })).toBe(92);
  });

  it.each([
    [{ from: "2026-06-03", to: TODAY }, null],
    [{ from: "2026-06-02", to: TODAY }, "too_long"],
    [{ from: TODAY, to: "2026-09-01" }, "backwards"],
    [{ from: "2026-09-03", to: "2026-09-04" }, "ahead"],
    [{ from: "", to: TODAY }, "no_day"],
    [{ from: "2026-13-01", to: "2026-13-01" }, "no_day"],
  ] as const)("%o: %s", (days, flaw) => {
    expect(flawOf(days, TODAY)).toBe(flaw);
  });
});

describe("an address", () => {
  const days = (query: string) => daysIn(new URLSearchParams(query), TODAY);

  it("holds the days", () => {
    expect(days("from=2026-08-24&to=2026-08-30")).toEqual({ from: "2026-08-24", to: "2026-08-30" });
    expect(days("from=2026-08-24")).toEqual({ from: "2026-08-24", to: "2026-08-24" });
  });

  it("that names none, or none that can be told, means today", () => {
    for (const query of ["", "from=yesterday", "from=2026-08-30&to=2026-08-24", "from=1066-10-14&to=2026-09-01"]) {
      expect(days(query)).toEqual({ from: TODAY, to: TODAY });
    }
  });
});
