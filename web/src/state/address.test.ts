import { describe, expect, test } from "vitest";
import { addressOf, readAddress } from "./address";

describe("the address", () => {
  test("names the live view when it names nothing that exists", () => {
    for (const hash of ["", "#", "#/", "#/nothing?bus=B1"]) expect(readAddress(hash).view).toBe("live");
  });

  test("comes back as it was written", () => {
    const read = readAddress(addressOf("live", "B0001.speeding.17/9", { bus: "鄂A 1&2", to: undefined }));
    expect(read.subject).toBe("B0001.speeding.17/9");
    expect([...read.query]).toEqual([["bus", "鄂A 1&2"]]);
  });

  test("with a broken escape still opens its view", () => {
    expect(readAddress("#/live/%E0%A4%A").subject).toBe("");
  });
});
