import { discarded } from "../abi/collector";
import { StreamContext } from "../abi/contexts";
import { removeHeader } from "../abi/headers";
import { Pool } from "../abi/pool";
import { setProperty } from "../abi/properties";
import { FilterDataStatus, FilterHeadersStatus, HeaderMapType } from "../abi/types";
import { bytesOf } from "../bytes/bytes";
import { AnswerName } from "../ledger/answer-name";
import { Demand } from "../ledger/demand";
import { Ticket } from "../ledger/ticket";
import {
  meterRequestBody,
  meterResponseBody,
  meterResponseHeaders,
  meterTotal,
} from "../metering/host-meter";
import { Meter, Metering, UNWEIGHTED } from "../metering/meter";
import { Socket } from "../metering/socket";
import { Api, mayCountInHeaders } from "../request/api";
import { Consumes } from "../request/free-endpoints";
import { prepareUpgrade, upgraded, Upgrade } from "../request/upgrade";
import { Metrics } from "../telemetry/metrics";
import { ReaderPool } from "../usage/reader-pool";
import { Policy } from "./policy";
import { Recording } from "./recording";

const CLEAR_ROUTE_CACHE = bytesOf("clear_route_cache");
const OFF = bytesOf("off");
const ACCEPT_ENCODING = bytesOf("accept-encoding");
/** The garbage of one call in bytes, without its values and matches: most objects are reused. */
const STREAM_BYTES: u32 = 128;
// The name of the answer that is being settled.
const NAME = new AnswerName();

/** How far a stream has come. While it lasts, it only moves down this list, so it is checked once and settled once. */
export const enum Phase {
  /** No rule applies, or the headers have not arrived: the filter does nothing. */
  Unlimited,
  /** The body is read and held, to find out what to reserve. */
  Reading,
  /** Paused until the ledger has decided. */
  Checking,
  /** On its way to the model and back; its tokens will be charged. */
  Admitted,
  /** The filter has answered the request itself. */
  Rejected,
  /** Settled: later callbacks change nothing. */
  Ended,
}

/**
 * The second half of a stream: once its call is admitted, it is metered, and settled when the response has ended. Callbacks may
 * arrive in any order, or not at all: `onEnd` settles what is left, closes the ticket, and returns the object to the pool for
 * another stream. How a call is admitted: `CountingStream`.
 */
export abstract class MeteredStream<P extends Policy> extends StreamContext {
  protected phase: Phase = Phase.Unlimited;
  /** Held from the request's headers until it is settled or closed. */
  protected ticket: Ticket | null = null;
  protected policy: P | null = null;
  /** How the call is metered: as the policy says, for its model if that is known. Set it before the call is asked about. */
  protected metering: Metering = UNWEIGHTED;
  /** Measures what the call consumes, once it is admitted. */
  protected readonly meter: Meter;
  protected consumes: Consumes = Consumes.Tokens;
  /** The API that the request calls, as far as its path tells. */
  protected api: Api = Api.Unknown;
  /** The protocol that the connection has changed to, or may change to if the request asks for it. */
  protected socket: Socket | null = null;
  /** Reports what becomes of the call; null if nobody has asked for it. */
  protected recording: Recording | null = null;

  /** @param home where it is kept when its stream has ended */
  constructor(
    id: u32,
    private readonly home: Pool<StreamContext>,
    private readonly readers: ReaderPool,
    protected readonly metrics: Metrics,
  ) {
    super(id);
    this.meter = new Meter(readers);
  }

  /** Removes from the request what would make its response unreadable. */
  protected prepareRequest(policy: P, ticket: Ticket | null, asksForUpgrade: bool): void {
    if (asksForUpgrade && ticket !== null) {
      prepareUpgrade();
      this.socket = new Socket(
        policy.ledger,
        ticket,
        this.metering,
        this.metrics,
        this.readers,
        policy.closeFrame,
      );
    }
    policy.voices.hideSecret();
    if (policy.stripsAcceptEncoding) removeHeader(HeaderMapType.HttpRequestHeaders, ACCEPT_ENCODING);
  }

  protected admit(policy: P): void {
    this.phase = Phase.Admitted;
    this.meter.begin(this.metering, this.consumes);
  }

  onRequestBody(size: u32, _endOfStream: bool): FilterDataStatus {
    if (this.phase != Phase.Admitted) return FilterDataStatus.Continue;
    const socket = this.socket;
    if (socket !== null) socket.fromClient(size);
    if (socket === null || !socket.isOpen) meterRequestBody(this.meter, size);
    return FilterDataStatus.Continue;
  }

  onResponseHeaders(endOfStream: bool): FilterHeadersStatus {
    const recording = this.recording;
    if (recording !== null) recording.answer();
    if (this.phase == Phase.Admitted && this.openSocket() === null) {
      meterResponseHeaders(this.meter, mayCountInHeaders(this.api));
    }
    if (endOfStream) this.settle(true);
    return FilterHeadersStatus.Continue;
  }

  onResponseBody(size: u32, endOfStream: bool): FilterDataStatus {
    if (this.phase == Phase.Admitted) {
      const socket = this.socket;
      if (socket !== null) socket.fromServer(size);
      else meterResponseBody(this.meter, size);
    }
    if (endOfStream) this.settle(true);
    return FilterDataStatus.Continue;
  }

  onResponseTrailers(): void {
    this.settle(true);
  }

  onEnd(): void {
    // A stream that no rule limits has nothing, unless its body was read to find that out, or somebody wants to know.
    if (this.phase != Phase.Unlimited || this.policy !== null || this.recording !== null) this.letGo();
    this.home.put(this);
  }

  /** Settles what is not settled, and forgets the call. */
  protected letGo(): void {
    this.settle(false);
    const ticket = this.ticket;
    if (ticket !== null) ticket.close();
    this.ticket = null;
    this.policy = null;
    this.recording = null;
    this.dropSocket();
    this.meter.giveBack();
    this.phase = Phase.Unlimited;
    discarded(STREAM_BYTES);
  }

  /** Charges what the call has consumed. Only the first call has an effect, so every callback that ends a stream may call it. */
  private settle(isComplete: bool): void {
    const ticket = this.ticket;
    if (this.phase != Phase.Admitted || ticket === null) return;
    this.ticket = null;
    this.phase = Phase.Ended;
    const socket = this.socket;
    if (socket !== null && socket.isOpen) {
      socket.end();
      this.meter.giveBack();
      ticket.close();
      return;
    }
    const tokens = meterTotal(this.meter, isComplete, this.metrics);
    const input = this.meter.inputCost;
    const recording = this.recording;
    if (recording !== null) recording.ended(this.meter.consumed, tokens);
    nameAnswer(this.meter, ticket.demand);
    this.meter.giveBack();
    ticket.settle(tokens, NAME, this.consumes == Consumes.NewAnswer, input);
  }

  /** The connection, if the response that begins changes its protocol; otherwise null from now on. */
  private openSocket(): Socket | null {
    const socket = this.socket;
    if (socket === null) return null;
    const upgrade = upgraded();
    if (upgrade == Upgrade.None) this.dropSocket();
    else socket.open(upgrade == Upgrade.WebSocket);
    return this.socket;
  }

  private dropSocket(): void {
    const socket = this.socket;
    if (socket !== null) socket.dispose();
    this.socket = null;
  }
}

/** Makes the host keep the route of the current stream, even if headers are changed. */
export function keepRoute(): void {
  setProperty(CLEAR_ROUTE_CACHE, OFF);
}

/** Sets `NAME` to the name of a call's answer, if it has one. @param demand the counters to which the call is charged */
function nameAnswer(meter: Meter, demand: Demand): void {
  const id = meter.answer.id;
  const usage = meter.answer.usage;
  if (meter.hasName && id !== null) NAME.set(id.ptr, id.length, usage.input, usage.output, demand);
  else NAME.clear();
}
