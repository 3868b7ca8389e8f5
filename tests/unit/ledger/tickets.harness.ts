import "../../../assembly/abi/abort";
import { ALL_CHARGE, ALL_HOLD, ALL_PEEK, Answer, FEW_CHARGE, FEW_HOLD, FEW_PEEK } from "./fake-redis.harness";
import {
  advance,
  beginPath,
  beginStory,
  beginWalk,
  choose,
  did,
  endChoices,
  isRight,
  May,
  may,
  story,
} from "./paths.harness";
import { Kind } from "./sent.harness";
import { NAME } from "./stream.harness";
import { nowMs, World } from "./world.harness";

/*
 * Plays every order of a few steps, each in a world of its own. What is chosen from: what the streams do, which command is
 * answered and how, what the transport and the listeners do in the middle of a call, and when time passes.
 */

const MANY_ROWS: i32 = 17;
const ANSWER_NAME: u64 = 7;

export { nowMs };

const enum Do {
  Open,
  OpenLike,
  OpenLarge,
  Peek,
  Reserve,
  Close,
  CloseAgain,
  SettleClosed,
  SettleNothing,
  Settle,
  SettleNew,
  SettleFetched,
  Reply,
  Tick,
  Late,
}

const options = new StaticArray<i32>(256);
let optionCount: i32 = 0;

function offer(what: Do, which: i32 = 0): void {
  options[optionCount++] = (what << 8) | which;
}

/** All that may happen next. */
function offerAll(world: World): void {
  optionCount = 0;
  const streams = world.streams;
  if (world.canOpen) {
    offer(Do.Open);
    if (may(May.Large)) offer(Do.OpenLarge);
  }
  for (let i = 0; i < streams.length; ++i) {
    const stream = streams[i];
    if (stream.holds) {
      if (world.canOpen && may(May.Like)) offer(Do.OpenLike, i);
      if (may(May.Peek) && !stream.hasAsked) offer(Do.Peek, i);
      if (may(May.Reserve) && !stream.hasAsked) offer(Do.Reserve, i);
      offer(Do.Close, i);
      if (may(May.Settle)) offer(Do.Settle, i);
      if (may(May.Name)) {
        offer(Do.SettleNothing, i);
        offer(Do.SettleNew, i);
        offer(Do.SettleFetched, i);
      }
    } else if (may(May.CloseTwice) && !isReused(world, i)) {
      offer(Do.CloseAgain, i);
      offer(Do.SettleClosed, i);
    }
  }
  for (let i = 0; i < world.transport.unanswered.length; ++i) offer(Do.Reply, i);
  if (may(May.Tick) && !world.waiting.isEmpty) offer(Do.Tick);
  if (may(May.Late) && !world.waiting.isEmpty) offer(Do.Late);
}

/** Whether a later stream has got the ticket of this one. */
function isReused(world: World, index: i32): bool {
  const streams = world.streams;
  for (let i = index + 1; i < streams.length; ++i)
    if (streams[i].ticket === streams[index].ticket) return true;
  return false;
}

function step(world: World): bool {
  offerAll(world);
  if (optionCount == 0) return false;
  const option = options[choose(optionCount)];
  const which = option & 255;
  const streams = world.streams;
  switch (<Do>(option >> 8)) {
    case Do.Open:
      world.open();
      break;
    case Do.OpenLike:
      world.open(streams[which]);
      break;
    case Do.OpenLarge:
      world.open(null, MANY_ROWS);
      break;
    case Do.Peek:
      streams[which].peek();
      break;
    case Do.Reserve:
      streams[which].reserve();
      break;
    case Do.Close:
      streams[which].close();
      break;
    case Do.CloseAgain:
      streams[which].close();
      break;
    case Do.SettleClosed:
      did("settle what is closed", which);
      streams[which].ticket.settle(1 << 15, NAME, false);
      break;
    case Do.SettleNothing:
      streams[which].settle(0);
      break;
    case Do.Settle:
      streams[which].settle(streams[which].tokens);
      break;
    case Do.SettleNew:
      streams[which].settle(streams[which].tokens, ANSWER_NAME, true);
      break;
    case Do.SettleFetched:
      streams[which].settle(streams[which].tokens, ANSWER_NAME, false);
      break;
    case Do.Reply:
      reply(world, which);
      break;
    case Do.Tick:
      world.tick(1_000);
      break;
    default:
      world.tick(50_000);
      world.tick(50_000);
      world.tick(50_000);
  }
  return true;
}

function reply(world: World, which: i32): void {
  const sent = world.transport.unanswered[which];
  const answers = answersTo(sent.kind);
  const answer = answers[choose(answers.length)];
  // Redis knows the text that it was sent.
  world.transport.deliver(which, answer == Answer.NoScript && sent.isEval ? Answer.Error : answer);
}

function answersTo(kind: Kind): Answer[] {
  const isAll = may(May.Replies);
  if (kind == Kind.Peek) return isAll ? ALL_PEEK : FEW_PEEK;
  if (kind == Kind.Hold) return isAll ? ALL_HOLD : FEW_HOLD;
  return isAll ? ALL_CHARGE : FEW_CHARGE;
}

let paths: i32 = 0;
let steps: i32 = 0;

/** How many paths were played, and how many steps in all of them. */
export function pathCount(): i32 {
  return paths;
}

export function stepCount(): i32 {
  return steps;
}

let mostStreams: i32 = 0;
let length: i32 = 0;
let isOver: bool = false;
let problem: string = "";

/**
 * Begins to play every path of so many steps with so many streams.
 * @param allowed a sum of `May`
 */
export function begin(streams: i32, size: i32, allowed: i32): void {
  mostStreams = streams;
  length = size;
  paths = steps = 0;
  isOver = false;
  problem = "";
  beginWalk(allowed);
}

/** Plays so many more of them; whether there are more, and nothing was wrong. Garbage may be collected between two calls. */
export function more(count: i32): bool {
  for (let i = 0; i < count && !isOver; ++i) {
    ++paths;
    play();
    if (isRight()) {
      isOver = !advance();
      continue;
    }
    isOver = true;
    problem = beginStory();
    play();
    problem += ": " + story();
  }
  return !isOver;
}

/** What went wrong first, and after which steps; or nothing. */
export function found(): string {
  return problem;
}

function play(): void {
  beginPath();
  const world = new World(mostStreams);
  for (let i = 0; i < length && isRight() && step(world); ++i) {
    ++steps;
    world.check();
  }
  endChoices();
  if (isRight()) world.finish();
}
