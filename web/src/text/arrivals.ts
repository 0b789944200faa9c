/** What is said of alerts that ring: on the desktop, and by a screen reader. */
import type { Cause } from "../state/ringing";
import { dictionary } from "./text.svelte";

export const arrivalWords = dictionary(
  {
    cause: { critical: "新紧急告警", escalated: "告警已升级" } satisfies Record<Cause, string>,
    one: (cause: string, bus: string, rule: string, how: string) => [`${cause}：${bus}`, rule, how].filter(Boolean).join("，"),
    many: (count: number, first: string) => `${count} 条需立即处置。${first}`,
  },
  {
    cause: { critical: "New critical alert", escalated: "Alert escalated" },
    one: (cause, bus, rule, how) => [`${cause}: ${bus}`, rule, how].filter(Boolean).join(", "),
    many: (count, first) => `${count} alerts want you now. ${first}`,
  },
);
