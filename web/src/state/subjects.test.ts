import { describe, expect, test } from "vitest";
import type { Bus } from "../wire/contract";
import type { Driver, Run } from "../wire/tracks";
import { dutiesOf, findBuses, findSubjects, type Subject } from "./subjects";

const bus = (bus_id: string, plate: string, school: string): Bus => ({
  bus_id,
  plate,
  school,
  district: "",
  sign_number: "",
  sign_expires: "",
  inspection_expires: "",
  operator: "",
  seats: 30,
  depot: [0, 0],
  state: "in_service",
  route_ids: [],
});
const BUSES = [bus("B0012", "鄂A12345", "光明小学"), bus("B0001", "鄂A00129", "光明小学"), bus("B0003", "鄂A30001", "王家墩小学")];
const DRIVERS: Driver[] = [{ driver_id: "D0001", name: "王海燕", qualified_until: "2027-01-01", bus_ids: ["B0003", "B0001"] }];
const run = (bus_id: string, driver_id: string, school: string, starts = "2026-09-01T07:00:00+08:00"): Run => ({
  assignment_id: "A",
  bus_id,
  driver_id,
  driver_name: "",
  route_id: "",
  route_name: "",
  school,
  direction: "to_school",
  approval_id: null,
  starts,
  ends: starts,
});
const found = (typed: string): string[] =>
  findSubjects(typed, BUSES, DRIVERS).map((subject) =>
    subject.kind === "bus" ? subject.bus.bus_id : subject.kind === "school" ? subject.school : subject.driver.name,
  );

describe("a search", () => {
  test("finds buses, schools and drivers by one word", () => expect(found("王")).toEqual(["王家墩小学", "王海燕"]));
  test("has what begins as typed before what only holds it", () => expect(found("b0001")).toEqual(["B0001"]));
  test("for buses looks into their schools too", () =>
    expect(findBuses("王家", BUSES).map(({ bus_id }) => bus_id)).toEqual(["B0003"]));
  test("looks into plates and identities", () => expect(found("0012")).toEqual(["B0012", "B0001"]));
});

describe("the buses of a day", () => {
  const buses = (subject: Subject, runs: Run[]): [string, number][] =>
    dutiesOf(subject, BUSES, runs).map(({ busId, runs }) => [busId, runs.length]);

  test("of a school are those that serve it, before those on record for it that do not that day", () => {
    const runs = [run("B0012", "D2", "光明小学"), run("B0003", "D1", "光明小学"), run("B0001", "D1", "别的小学")];
    expect(buses({ kind: "school", school: "光明小学" }, runs)).toEqual([["B0003", 1], ["B0012", 1], ["B0001", 0]]);
  });

  test("of a driver are those driven, by the trips of the driver alone", () => {
    const runs = [run("B0001", "D0001", "光明小学"), run("B0001", "D2", "光明小学")];
    expect(buses({ kind: "driver", driver: DRIVERS[0] as Driver }, runs)).toEqual([["B0001", 1], ["B0003", 0]]);
  });

  test("have their trips by their start", () => {
    const late = run("B0012", "D1", "光明小学", "2026-09-01T16:00:00+08:00");
    const [duty] = dutiesOf({ kind: "bus", bus: BUSES[0] as Bus }, BUSES, [late, run("B0012", "D1", "光明小学")]);
    expect(duty?.runs.map((one) => one.starts.slice(11, 13))).toEqual(["07", "16"]);
  });
});
