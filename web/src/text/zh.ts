/** 中文界面文字。 The type of this dictionary is what the English one must fill. */
import type { Act, HandlingKind, LimitReason, Rule, Severity, Status } from "../wire/contract";
import type { ShownState } from "../state/fleet";
import type { StatusFilter } from "../state/desk";

const rules: Record<Rule, string> = { speeding: "超速", route_deviation: "偏离线路" };
const severities: Record<Severity, string> = { critical: "紧急", serious: "严重", warning: "一般" };
const statuses: Record<Status, string> = { open: "待处置", acknowledged: "已确认", closed: "已办结", false_alarm: "误报" };
const filters: Record<StatusFilter, string> = { unsettled: "未办结", ...statuses };
const states: Record<ShownState, string> = {
  speeding: "超速",
  deviating: "偏离线路",
  on_route: "按线行驶",
  off_trip: "非运营时段",
  stale: "失联",
  out_of_service: "停运",
};
const limitReasons: Record<LimitReason, string> = {
  legal_cap: "法定上限",
  posted: "路段限速",
  hazard: "危险路段",
  school_zone: "学校区域",
};
const acts: Record<Act, string> = { acknowledge: "确认", close: "办结", "false-alarm": "误报" };
const handlings: Record<HandlingKind, string> = { acknowledged: "确认", closed: "办结", false_alarm: "标为误报" };

export const zh = {
  htmlLang: "zh-CN",
  title: "校车监控中心",
  otherLanguage: "English",
  toOtherLanguage: "Switch to English",
  toLight: "切换到浅色界面",
  toDark: "切换到深色界面",

  rules,
  severities,
  statuses,
  filters,
  states,
  limitReasons,
  acts,
  handlings,

  statusBar: "运行状态",
  fleetCensus: "车辆状态统计",
  openAlerts: "待处置告警",
  fixRate: "条定位/秒",
  clock: "北京时间",
  link: { connecting: "正在连接", live: "实时", quiet: "无新数据", lost: "连接中断" },
  banner: {
    lost: (age: string) => `与服务器的连接中断，正在自动重连。画面为 ${age}前的数据。`,
    lostEmpty: "无法连接服务器，正在自动重连。",
    quiet: (age: string) => `连接正常，但没有收到新定位。画面为 ${age}前的数据。`,
    stalled: (age: string, reason: string) => `监控服务暂停入库（${reason}），恢复后自动补齐。画面为 ${age}前的数据。`,
  },

  map: "实时地图",
  noWebGL: "此浏览器无法显示地图",
  noWebGLHelp: "地图需要 WebGL 2。请启用硬件加速或更换浏览器。告警列表和车辆查询不受影响。",
  mapFailed: "地图载入失败，请刷新页面。告警列表不受影响。",
  zoomIn: "放大",
  zoomOut: "缩小",
  wholeCity: "显示全市",

  findBus: "查找车牌、车号或学校",
  noBusFound: "没有符合的车辆",

  desk: "告警",
  deskFilters: "筛选告警",
  severity: "级别",
  rule: "类型",
  status: "处置状态",
  allRules: "全部类型",
  allSeverities: "全部级别",
  noAlerts: "没有符合条件的告警",
  moreAlerts: (count: number) => `另有 ${count} 条，显示更多`,
  ongoing: "持续中",
  ended: "已恢复",
  foundLate: "补传发现",
  overLimit: (speed: string, limit: string) => `${speed} km/h · 限 ${limit}`,
  offLine: (off: string, corridor: string) => `偏离 ${off} m · 允许 ${corridor} m`,
  handledBy: (kind: HandlingKind, by: string, time: string) => `${by} ${time} ${handlings[kind]}`,

  file: "告警详情",
  limitReason: "限速依据",
  startedAt: "开始",
  endedAt: "结束",
  peakAt: "峰值时刻",
  violatingFixes: "违规定位",
  chainage: "线路里程",
  history: "处置记录",
  noHistory: "尚无人处置",
  note: "备注（可不填）",
  act: "处置",
  failed: (reason: string) => `未能提交：${reason}`,
  noAnswer: "服务器没有应答",
  conflict: (kind: HandlingKind, by: string, time: string) => `${by} 已于 ${time} ${handlings[kind]}此告警，未重复提交。`,
  conflictEngine: "此告警刚刚有更新，请查看后再处置。",

  busPanel: "车辆信息",
  close: "关闭",
  locate: "在地图上定位",
  busId: "车号",
  school: "学校",
  operator: "运营单位",
  driver: "驾驶员",
  call: (name: string) => `拨打 ${name} 的电话`,
  route: "线路",
  approvalNumber: "批准文号",
  noApproval: "无有效批准",
  direction: { to_school: "上学", to_home: "放学" },
  window: "运营时段",
  seats: "核载",
  seatCount: (seats: number) => `${seats} 座`,
  sign: "标牌有效期",
  inspection: "检验有效期",
  speed: "车速",
  limit: "限速",
  offTheLine: "偏离",
  corridor: "走廊",
  fixAge: "定位时间",
  neverHeard: "从未收到定位",
  ago: (age: string) => `${age}前`,
  unknown: "—",

  yourName: "值班员姓名",
  askName: "请输入姓名",
  askNameWhy: "处置记录将署此姓名，保存在本机浏览器中。",
  save: "保存",
  cancel: "取消",
  changeName: "更改值班员姓名",
  noName: "未登记",

  seconds: (count: number) => `${count} 秒`,
  minutes: (count: number) => `${count} 分`,
  hours: (hours: number, minutes: number) => (minutes === 0 ? `${hours} 小时` : `${hours} 小时 ${minutes} 分`),
  days: (count: number) => `${count} 天`,
};

export type Dictionary = typeof zh;
