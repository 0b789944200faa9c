/** The words of the evidence sheet. */
import { dictionary } from "../../text/text.svelte";
import type { ChangeKind, Rule } from "../../wire/contract";
import type { Clause } from "../../wire/evidence";

/** What a sentence about an alert is made of, in words already. */
export interface Claim {
  plate: string;
  route: string | null;
  from: string;
  to: string | null;
  lasted: string;
  peakAt: string;
  speed: string;
  limit: string;
  over: string;
  off: string;
  corridor: string;
  back: string;
  skipped: number;
  stood: string;
  silent: string;
  faults: string;
}

const kinds: Record<ChangeKind, string> = {
  opened: "系统发现",
  updated: "系统更新",
  ended: "恢复正常",
  waived: "绕行许可",
  acknowledged: "确认",
  closed: "办结",
  false_alarm: "标为误报",
  assigned: "指派",
  noted: "备注",
  escalated: "逾期升级",
};

const when = ({ from, to, lasted }: Claim) => (to === null ? `${from} 起（制单时仍在持续）` : `${from} 至 ${to}（${lasted}）`);
const on = ({ route }: Claim) => (route === null ? "" : `在“${route}”上`);

const claims: Record<Rule, (claim: Claim) => string> = {
  speeding: (c) => `${when(c)}，${c.plate} ${on(c)}超速行驶：${c.peakAt} 车速 ${c.speed} km/h，当处限速 ${c.limit} km/h，超过 ${c.over} %。`,
  deviation: (c) => `${when(c)}，${c.plate} ${on(c)}偏离经批准的线路：${c.peakAt} 距批准线路 ${c.off} m，允许 ${c.corridor} m。`,
  wrong_way: (c) => `${when(c)}，${c.plate} ${on(c)}沿批准线路逆向行驶 ${c.back} m。`,
  stops_skipped: (c) => `${when(c)}，${c.plate} ${on(c)}绕过经批准的停靠站点 ${c.skipped} 个。`,
  unapproved_operation: (c) => `${when(c)}，${c.plate} ${on(c)}行驶时不具备条件：${c.faults}；最高车速 ${c.speed} km/h。`,
  off_hours: (c) => `${when(c)}，${c.plate} 在核定的运营时段之外行驶，最高车速 ${c.speed} km/h。`,
  long_stop: (c) => `${when(c)}，${c.plate} ${on(c)}在站点以外停留 ${c.stood}。`,
  silent: (c) => `${when(c)}，${c.plate} ${on(c)}运行途中 ${c.silent}没有定位上报。`,
  trip_not_begun: (c) => `${when(c)}，${c.plate} ${on(c)}应发未发：运营时段开始后 ${c.silent}仍未发车。`,
  substitute: (c) => `${when(c)}，${c.plate} 行驶了批准给其他车辆的线路${c.route === null ? "" : `“${c.route}”`}。`,
};

const articles: Record<string, string> = {
  "14": "校车使用许可以经审核的行驶线路、开行时间和停靠站点为准。",
  "16": "校车标牌载明号牌号码、驾驶人、行驶线路、开行时间和停靠站点。",
  "17": "未取得校车标牌的车辆，不得提供校车服务。",
  "20": "校车每半年进行一次机动车安全技术检验。",
  "21": "校车配备具有行驶记录功能的卫星定位装置。",
  "22": "不符合安全技术条件的校车停运维修。",
  "25": "未取得校车驾驶资格的，不得驾驶校车。",
  "26": "校车驾驶人每年接受审验。",
  "30.2": "运载学生按经审核确定的线路行驶，交通管制、道路施工、自然灾害、恶劣气象、重大交通事故除外。",
  "32": "上下学生在校车停靠站点停靠；未设的路段可在公共交通站台停靠。",
  "35.1": "载有学生时，高速公路最高 80 km/h，其他道路最高 60 km/h。",
  "35.2": "法律法规规定或者标志、标线标明的限速更低的，从其规定。",
  "35.3": "急弯、陡坡、窄路、窄桥、冰雪、泥泞路段或低能见度气象条件下，最高 20 km/h。",
};

/** 第三十五条第二款 */
const digits = "〇一二三四五六七八九";
function chinese(number: number): string {
  const [tens, ones] = [Math.floor(number / 10), number % 10];
  return `${tens > 1 ? digits[tens] : ""}${tens > 0 ? "十" : ""}${ones > 0 ? digits[ones] : ""}`;
}
const clauseKey = ({ article, paragraph }: Clause) => (paragraph === null ? `${article}` : `${article}.${paragraph}`);

const zh = {
  open: "证据单",
  title: "校车告警证据单",
  back: "返回实时",
  print: "打印",
  download: "下载证据文件",
  again: "重新制作",
  made: (age: string) => `${age}前制作`,
  loading: "正在制作证据单…",
  missing: (name: string) => `没有告警 ${name}`,
  failed: (reason: string) => `未能制作证据单：${reason}`,
  noAnswer: "服务器没有应答",
  retry: "重试",

  claims,
  kinds,
  engine: "系统",
  becomes: (severity: string) => `→ ${severity}`,
  goesTo: (person: string | null) => (person === null ? "无人负责" : `由 ${person} 负责`),

  theAlert: "告警",
  theBus: "车辆与批准",
  number: "告警编号",
  ruleAndSeverity: "规则 · 级别",
  handling: "处置状态",
  start: "开始",
  end: "结束",
  goingOn: "制单时仍在持续",
  lasting: (time: string) => `历时 ${time}`,
  peak: "峰值时刻",
  detected: "检出",
  foundLate: "补传数据中发现",
  measured: "实测",
  speedOver: (speed: string, limit: string, over: string) => `${speed} km/h，限速 ${limit} km/h，超 ${over} %`,
  off: (metres: string, corridor: string) => `距批准线路 ${metres} m，允许 ${corridor} m`,
  backMetres: (metres: string) => `逆行 ${metres} m`,
  skippedStops: (count: number) => `漏停 ${count} 站`,
  stoodFor: (time: string) => `停留 ${time}`,
  silentFor: (time: string) => `无定位 ${time}`,
  overdueFor: (time: string) => `已过时段开始 ${time}`,
  speedOf: (speed: string) => `最高 ${speed} km/h`,
  bound: "限值依据",
  stretch: (from: string, to: string) => `批准限速段 ${from}–${to} m`,
  limitZone: (name: string) => `限速区“${name}”`,
  advisory: (name: string, by: string) => `${name}（${by}发布）`,
  corridorOf: (metres: string) => `批准走廊 ±${metres} m`,
  noBound: "—",
  place: "峰值地点",
  chainage: (metres: string) => `线路里程 ${metres} m`,
  violating: "违规定位",
  fixCount: (count: number) => `${count} 条`,

  bus: "车辆",
  sign: "校车标牌",
  until: (day: string) => `有效期至 ${day}`,
  inspection: "检验",
  operatorAndSchool: "单位 · 学校",
  driver: "驾驶员",
  qualified: (day: string) => `资格至 ${day}`,
  approval: "批准文号",
  edition: (version: number) => `第 ${version} 版`,
  validity: "批准有效期",
  span: (from: string, to: string) => `${from} 至 ${to}`,
  route: "线路",
  window: "运营时段",
  weekdays: (days: number[]) => (days.length === 7 ? "每天" : `周${days.map((day) => "一二三四五六日"[day - 1]).join("")}`),
  waiver: "绕行许可",
  waived: (reason: string, by: string, from: string, to: string) => `${reason} · ${by} · ${from} 至 ${to}`,
  revoked: "（已撤销）",
  none: "无",
  gone: "登记册中已无此项",

  basis: "依据",
  law: (title: string) => `《${title}》（国务院令第 617 号）`,
  clause: ({ article, paragraph }: Clause) => `第${chinese(article)}条${paragraph === null ? "" : `第${chinese(paragraph)}款`}`,
  clauseText: (clause: Clause) => articles[clauseKey(clause)] ?? "",
  parameters: (version: string) => `检测参数（版本 ${version}）`,
  asJudged: "与判定时相同",
  notAsJudged: "与判定时不同",

  map: "位置图",
  mapOf: (plate: string) => `${plate} 的行驶轨迹、批准线路与走廊，上方为北`,
  wholeRoute: "全线",
  legendLine: "批准线路",
  legendCorridor: "走廊",
  legendTrack: "轨迹",
  legendWithin: "违规段",
  legendSilence: "无定位",
  legendStop: "站点",
  marks: { start: "始", peak: "峰", end: "止" },
  metres: (count: number) => (count >= 1000 ? `${count / 1000} km` : `${count} m`),

  speedCurve: "车速",
  distanceCurve: "距批准线路",
  limitLine: (limit: string) => `限速 ${limit}`,
  corridorLine: (metres: string) => `允许 ${metres}`,
  curveOf: (name: string, unit: string) => `${name}（${unit}）随时间变化，灰底为违规时段`,
  noCurve: "没有可用的定位数据",

  history: "处置记录",
  ofMany: (shown: number, all: number) => `列 ${shown} / 共 ${all} 项`,
  fixes: "定位记录",
  rowsOfMany: (shown: number, all: number) => `列出开始、峰值、结束前后 ${shown} 条，共 ${all} 条，全表见证据文件`,
  allRows: (all: number) => `共 ${all} 条`,
  truncated: "（文件中亦不完整）",
  noFixes: "没有定位记录：设备未上报，或已超过保存期限",
  columns: { time: "时间", lon: "经度", lat: "纬度", speed: "车速", off: "偏线", accuracy: "精度", marks: "标记" },
  flags: { start: "开始", peak: "峰值", end: "结束", within: "违规" },
  legend: "▸ 违规　○ 开始　◆ 峰值　□ 结束",

  digest: "摘要（SHA-256，RFC 8785）",
  check: "核验：对下载的证据文件运行 buswatch verify 文件名，显示“真”且摘要与上行一致即未被改动；加 --against 服务器地址 可与库存逐项比对。",
  madeBy: (at: string, software: string) => `${at} 由 ${software} 制作`,
  record: (version: string) => `登记册 ${version}`,
  conventions: (zone: string) => `时间均为 ${zone}，坐标为 WGS-84`,
};

const enKinds: Record<ChangeKind, string> = {
  opened: "Found",
  updated: "Updated",
  ended: "Back to normal",
  waived: "Waived",
  acknowledged: "Acknowledged",
  closed: "Closed",
  false_alarm: "Marked false",
  assigned: "Assigned",
  noted: "Note",
  escalated: "Overdue, raised",
};

const enWhen = ({ from, to, lasted }: Claim) => (to === null ? `Since ${from} (still going on when this was made)` : `From ${from} to ${to} (${lasted})`);
const enOn = ({ route }: Claim) => (route === null ? "" : ` on “${route}”`);

const enClaims: Record<Rule, (claim: Claim) => string> = {
  speeding: (c) => `${enWhen(c)} ${c.plate} was speeding${enOn(c)}: at ${c.peakAt} it drove ${c.speed} km/h where the limit is ${c.limit} km/h, ${c.over} % over.`,
  deviation: (c) => `${enWhen(c)} ${c.plate} was off its approved route${enOn(c)}: at ${c.peakAt} it was ${c.off} m from the approved line; ${c.corridor} m are allowed.`,
  wrong_way: (c) => `${enWhen(c)} ${c.plate} drove ${c.back} m backwards along its approved line${enOn(c)}.`,
  stops_skipped: (c) => `${enWhen(c)} ${c.plate} left out ${c.skipped} approved stop${c.skipped === 1 ? "" : "s"}${enOn(c)}.`,
  unapproved_operation: (c) => `${enWhen(c)} ${c.plate} drove${enOn(c)} without what it needs: ${c.faults}; up to ${c.speed} km/h.`,
  off_hours: (c) => `${enWhen(c)} ${c.plate} drove outside its approved hours, up to ${c.speed} km/h.`,
  long_stop: (c) => `${enWhen(c)} ${c.plate} stood for ${c.stood} away from any stop${enOn(c)}.`,
  silent: (c) => `${enWhen(c)} ${c.plate} sent no position for ${c.silent} on its trip${enOn(c)}.`,
  trip_not_begun: (c) => `${enWhen(c)} ${c.plate} had not begun its trip${enOn(c)}, ${c.silent} after its window opened.`,
  substitute: (c) => `${enWhen(c)} ${c.plate} drove a route approved for another bus${c.route === null ? "" : `, “${c.route}”`}.`,
};

const enArticles: Record<string, string> = {
  "14": "The permit rests on the approved route, times and stops.",
  "16": "The sign states plate, driver, route, times and stops.",
  "17": "A vehicle without a school-bus sign may not serve as a school bus.",
  "20": "A school bus is inspected every six months.",
  "21": "A school bus carries a satellite positioning device with recorder function.",
  "22": "A school bus that does not meet the technical conditions is taken out of service.",
  "25": "Who is not qualified for school buses may not drive one.",
  "26": "Drivers of school buses are reviewed every year.",
  "30.2": "With pupils aboard: the approved route, except traffic control, roadworks, natural disaster, bad weather, major accident.",
  "32": "Pupils board and leave at school-bus stops; where there are none, at public bus stops.",
  "35.1": "With pupils aboard: at most 80 km/h on a motorway, at most 60 km/h on any other road.",
  "35.2": "Where the law or signs and markings set a lower limit, that one holds.",
  "35.3": "Sharp bends, steep slopes, narrow roads and bridges, ice, mud, weather of low visibility: at most 20 km/h.",
};

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const en: typeof zh = {
  open: "Evidence sheet",
  title: "Evidence of a school-bus alert",
  back: "Back to live",
  print: "Print",
  download: "Download evidence file",
  again: "Make anew",
  made: (age) => `made ${age} ago`,
  loading: "Making the evidence sheet…",
  missing: (name) => `There is no alert ${name}`,
  failed: (reason) => `The evidence sheet could not be made: ${reason}`,
  noAnswer: "the server did not answer",
  retry: "Try again",

  claims: enClaims,
  kinds: enKinds,
  engine: "system",
  becomes: (severity) => `→ ${severity}`,
  goesTo: (person) => (person === null ? "to nobody" : `to ${person}`),

  theAlert: "Alert",
  theBus: "Bus and approval",
  number: "Alert number",
  ruleAndSeverity: "Rule · severity",
  handling: "Handling",
  start: "Start",
  end: "End",
  goingOn: "still going on when this was made",
  lasting: (time) => `lasted ${time}`,
  peak: "Peak at",
  detected: "Detected",
  foundLate: "in data sent later",
  measured: "Measured",
  speedOver: (speed, limit, over) => `${speed} km/h, limit ${limit} km/h, ${over} % over`,
  off: (metres, corridor) => `${metres} m off the line, ${corridor} m allowed`,
  backMetres: (metres) => `${metres} m backwards`,
  skippedStops: (count) => (count === 1 ? "1 stop left out" : `${count} stops left out`),
  stoodFor: (time) => `stood for ${time}`,
  silentFor: (time) => `no position for ${time}`,
  overdueFor: (time) => `${time} after its window opened`,
  speedOf: (speed) => `up to ${speed} km/h`,
  bound: "Bound by",
  stretch: (from, to) => `approved stretch ${from}–${to} m`,
  limitZone: (name) => `zone “${name}”`,
  advisory: (name, by) => `${name} (${by})`,
  corridorOf: (metres) => `approved corridor ±${metres} m`,
  noBound: "—",
  place: "Peak place",
  chainage: (metres) => `${metres} m along the line`,
  violating: "Violating fixes",
  fixCount: (count) => `${count}`,

  bus: "Bus",
  sign: "School-bus sign",
  until: (day) => `valid to ${day}`,
  inspection: "Inspection",
  operatorAndSchool: "Operator · school",
  driver: "Driver",
  qualified: (day) => `qualified to ${day}`,
  approval: "Approval",
  edition: (version) => `version ${version}`,
  validity: "Approval valid",
  span: (from, to) => `${from} to ${to}`,
  route: "Route",
  window: "Window",
  weekdays: (days) => (days.length === 7 ? "every day" : days.map((day) => DAYS[day - 1]).join(" ")),
  waiver: "Waiver",
  waived: (reason, by, from, to) => `${reason} · ${by} · ${from} to ${to}`,
  revoked: " (revoked)",
  none: "none",
  gone: "on record no more",

  basis: "Basis",
  law: (title) => `School Bus Safety Regulations (《${title}》, State Council order 617)`,
  clause: ({ article, paragraph }) => `Art. ${article}${paragraph === null ? "" : ` ¶ ${paragraph}`}`,
  clauseText: (clause) => enArticles[clauseKey(clause)] ?? "",
  parameters: (version) => `Detector parameters (version ${version})`,
  asJudged: "as when judged",
  notAsJudged: "not as when judged",

  map: "Map",
  mapOf: (plate) => `The way of ${plate} with the approved line and its corridor, north up`,
  wholeRoute: "whole route",
  legendLine: "approved line",
  legendCorridor: "corridor",
  legendTrack: "track",
  legendWithin: "violation",
  legendSilence: "nothing sent",
  legendStop: "stop",
  marks: { start: "start", peak: "peak", end: "end" },
  metres: (count) => (count >= 1000 ? `${count / 1000} km` : `${count} m`),

  speedCurve: "Speed",
  distanceCurve: "Distance from the approved line",
  limitLine: (limit) => `limit ${limit}`,
  corridorLine: (metres) => `allowed ${metres}`,
  curveOf: (name, unit) => `${name} (${unit}) over time; the violation is shaded`,
  noCurve: "There are no usable positions",

  history: "What was done",
  ofMany: (shown, all) => `${shown} of ${all} steps`,
  fixes: "Fixes",
  rowsOfMany: (shown, all) => `${shown} of ${all} rows, round start, peak and end; the whole table is in the file`,
  allRows: (all) => `${all} rows`,
  truncated: " (cut short there too)",
  noFixes: "There are no fixes: the device sent none, or their time on file is over",
  columns: { time: "Time", lon: "Lon", lat: "Lat", speed: "km/h", off: "Off m", accuracy: "Acc. m", marks: "Marks" },
  flags: { start: "start", peak: "peak", end: "end", within: "violating" },
  legend: "▸ violating　○ start　◆ peak　□ end",

  digest: "Digest (SHA-256, RFC 8785)",
  check:
    "To check: run buswatch verify FILE on the downloaded evidence file. It says TRUE, with the digest above, when nothing was altered; --against SERVER compares it with what is on file.",
  madeBy: (at, software) => `Made at ${at} by ${software}`,
  record: (version) => `registry ${version}`,
  conventions: (zone) => `times in ${zone}, places in WGS-84`,
};

export const sheetWords = dictionary(zh, en);
export type SheetWords = typeof zh;
