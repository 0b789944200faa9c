/** What the alert desk says beyond the words that all views share. */
import { dictionary } from "../../text/text.svelte";
import type { HandlingKind, Level } from "../../wire/contract";

const levels: Record<Level, string> = { 0: "班组", 1: "值班长", 2: "主管部门" };
const done: Record<HandlingKind, string> = {
  acknowledged: "确认了此告警",
  closed: "办结了此告警",
  false_alarm: "将此告警标为误报",
  assigned: "指派",
  noted: "添加了备注",
};

export const deskWords = dictionary(
  {
    levels,
    raisedTo: (level: Level) => (level === 2 ? `督办：${levels[2]}` : `升至${levels[level]}`),
    raisedAt: (level: Level, time: string) => `${time} 无人确认，升至${levels[level]}`,
    dueIn: (time: string) => `剩 ${time}`,
    dueTitle: (time: string, level: Level) => `${time} 前无人确认则升至${levels[level]}`,
    overdue: "已超时",

    justDid: (kind: HandlingKind, by: string, to: string | null) =>
      kind === "assigned" ? (to === null ? `${by} 取消了指派` : by === to ? `${by} 接手了此告警` : `${by} 指派给 ${to}`) : `${by} ${done[kind]}`,
    assignedAt: (by: string, time: string, to: string | null) =>
      to === null ? `${by} ${time} 取消指派` : by === to ? `${by} ${time} 接手` : `${by} ${time} 指派给 ${to}`,

    assignee: "负责人",
    nobody: "未指派",
    takeOver: "我接手",
    assign: "指派…",
    handOn: "转交…",
    unassign: "取消指派",
    assignTo: "指派给",
    giveTo: "指派",
    falseAlarm: "误报…",
    falseReason: "误报原因",
    chooseReason: "选择误报原因",
    markFalse: "标为误报",
    needsNote: "选“其他”时，请在备注中说明。",
    addNote: "仅备注",

    moreFilters: "更多筛选",
    school: "学校",
    district: "区县",
    operator: "运营单位",
    allSchools: "全部学校",
    allDistricts: "全部区县",
    allOperators: "全部单位",
    mine: "只看我负责的",
    filteredOut: (count: number) => `未显示 ${count} 条`,
    wanting: (count: number) => `其中 ${count} 条紧急待处置`,
    showAll: "清除筛选",

    held: "顺序已锁定",
    waiting: (count: number) => `${count} 条新告警`,
    waitingCritical: (count: number) => `${count} 条紧急`,
    letGo: "指针或焦点在列表中时不重新排序；点击立即更新",

    sound: { on: "声音开", muted: "已静音", blocked: "点此启用声音", none: "无法发声" },
    soundWhy: {
      on: "新紧急告警和升级的告警会响一声。点击静音。",
      muted: "不响铃，也不弹出桌面通知。点击恢复。",
      blocked: "浏览器在您点击页面之前不允许发声。",
      none: "此浏览器不支持网页声音。",
    },
    notices: {
      default: "页面不在前台时，新紧急告警可在桌面弹出通知。",
      granted: "桌面通知已开启。静音时不弹出。",
      denied: "浏览器已禁止本页的桌面通知，请在浏览器的网站设置中允许。",
      none: "此浏览器或此地址不支持桌面通知（需要 HTTPS 或本机地址）。",
    },
    allowNotices: "开启桌面通知",
    help: "快捷键与提醒",
    alerting: "提醒",
    keys: "快捷键（焦点在告警列表中时有效）",
    keyList: [
      ["J / K · ↓ / ↑", "下一条 / 上一条"],
      ["Enter", "展开或收起"],
      ["A", "确认"],
      ["C", "转到“办结”，再按 Enter"],
      ["F", "选择误报原因"],
      ["Esc", "收起，再按离开列表"],
      ["?", "打开本说明"],
    ] as [string, string][],
  },
  {
    levels: { 0: "desk", 1: "shift leader", 2: "authority" },
    raisedTo: (level) => (level === 2 ? "Authority" : "Shift leader"),
    raisedAt: (level, time) => `${time} nobody had acknowledged it: raised to the ${level === 2 ? "authority in charge" : "shift leader"}`,
    dueIn: (time) => `${time} left`,
    dueTitle: (time, level) => `Goes to the ${level === 2 ? "authority in charge" : "shift leader"} unless acknowledged by ${time}`,
    overdue: "Overdue",

    justDid: (kind, by, to) =>
      kind === "assigned"
        ? to === null ? `${by} took it off its assignee` : by === to ? `${by} took it over` : `${by} assigned it to ${to}`
        : `${by} ${{ acknowledged: "acknowledged it", closed: "closed it", false_alarm: "marked it false", noted: "added a note" }[kind]}`,
    assignedAt: (by, time, to) =>
      to === null ? `${by} unassigned it at ${time}` : by === to ? `${by} took it over at ${time}` : `${by} assigned it to ${to} at ${time}`,

    assignee: "Assignee",
    nobody: "nobody",
    takeOver: "Take over",
    assign: "Assign…",
    handOn: "Hand on…",
    unassign: "Unassign",
    assignTo: "Assign to",
    giveTo: "Assign",
    falseAlarm: "False…",
    falseReason: "Why it is false",
    chooseReason: "Why is it false?",
    markFalse: "Mark false",
    needsNote: "Say in the note what the other reason is.",
    addNote: "Note only",

    moreFilters: "More filters",
    school: "School",
    district: "District",
    operator: "Operator",
    allSchools: "All schools",
    allDistricts: "All districts",
    allOperators: "All operators",
    mine: "Assigned to me",
    filteredOut: (count) => `${count} not shown`,
    wanting: (count) => `${count} critical and open`,
    showAll: "Clear filters",

    held: "Order held",
    waiting: (count) => `${count} new`,
    waitingCritical: (count) => `${count} critical`,
    letGo: "Rows keep their places while the pointer or the focus is in the list; click to sort now",

    sound: { on: "Sound on", muted: "Muted", blocked: "Enable sound", none: "No sound" },
    soundWhy: {
      on: "New critical and escalated alerts ring once. Click to mute.",
      muted: "No tones and no desktop notices. Click to ring again.",
      blocked: "The browser lets no page sound before you click in it.",
      none: "This browser cannot play tones.",
    },
    notices: {
      default: "While the page is not in front, new critical alerts can be shown on the desktop.",
      granted: "Desktop notices are on; none while muted.",
      denied: "The browser forbids notices of this page; allow them in its site settings.",
      none: "This browser or address has no desktop notices (they need HTTPS or this computer).",
    },
    allowNotices: "Allow desktop notices",
    help: "Shortcuts and alerting",
    alerting: "Alerting",
    keys: "Shortcuts (while the focus is in the list)",
    keyList: [
      ["J / K · ↓ / ↑", "next / previous"],
      ["Enter", "open or close"],
      ["A", "acknowledge"],
      ["C", "go to Close, then press Enter"],
      ["F", "choose why it is false"],
      ["Esc", "close the file, then leave the list"],
      ["?", "open this"],
    ],
  },
);
