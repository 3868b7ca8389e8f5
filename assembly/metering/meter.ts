import { Bytes } from "../bytes/bytes";
import { BodyModel } from "../request/body-model";
import { Consumes } from "../request/free-endpoints";
import { ModelWeights } from "../usage/model-weights";
import { RequestMeter } from "../estimate/request-meter";
import { ReaderPool } from "../usage/reader-pool";
import { Consumption } from "../usage/consumption";
import { TokenWeights } from "../usage/weights";
import { Answer } from "./answer";

/** How a configuration has calls metered. Immutable. */
@final
export class Metering {
  constructor(
    /** How much a token of each kind counts (`token_weights`). */
    readonly weights: TokenWeights,
    /** Whether to estimate what is not reported (`missing_usage`). */
    readonly estimates: bool,
    /** The same for each model (`model_weights`); null if all count alike. */
    readonly models: ModelWeights | null = null,
  ) {}

  /** The same for calls of one model, whose name is not looked at again. @param model null if it is not known */
  of(model: Bytes | null): Metering {
    const models = this.models;
    return models === null ? this : new Metering(models.find(model), this.estimates);
  }
}

/** Every token counts as one, and what is not reported is estimated. */
export const UNWEIGHTED = new Metering(TokenWeights.all(), true);

/** Whether the current request may have reached an upstream. Asked at most once, and only if the answer matters. */
type UpstreamQuestion = () => bool;

/**
 * Finds out what one call consumes: from the usage that its response reports, or else by an estimate. It calls no host. Its
 * owner feeds it the call piece by piece, in this order:
 *
 *     begin
 *       requestPiece ...                  the request's body, as it is sent
 *       answer.head, count, piece ...     the response
 *     total                               once; or not at all, if the call is not to be charged
 *     giveBack                            in any case
 *
 * Memory: readers are borrowed from a pool when they are first needed. The meter is reused for one call after the other.
 */
@final
export class Meter {
  readonly answer: Answer;
  private request: RequestMeter | null = null;
  private metering: Metering = UNWEIGHTED;
  private consumes: Consumes = Consumes.Tokens;
  private reserves: bool = false;
  /** Made when a body is first read for the model that it is for. */
  private modelReader: BodyModel | null = null;
  private readsModel: bool = false;
  /** After `total`: what the call has consumed; meaningless if it is charged nothing. */
  readonly consumed: Consumption = new Consumption();
  /** After `total`: how many of its weighted tokens are an estimate; all of them or 0. */
  estimatedTokens: i64 = 0;
  /** After `total`: whether that estimate is for an answer that could not be read. */
  isUnreadable: bool = false;
  /** After `total`: what its input alone costs, if the report is complete; else -1. */
  inputCost: i64 = -1;
  /** After `total`: whether the answer is complete and reported its usage, so that its name may stand for the charge. */
  hasName: bool = false;

  constructor(private readonly readers: ReaderPool) {
    this.answer = new Answer(readers);
  }

  /**
   * Starts a new call.
   * @param consumes what it can consume, judging by its request
   * @param reserves whether the input is asked for before the call, by `inputSoFar`
   */
  begin(metering: Metering, consumes: Consumes, reserves: bool = false): void {
    let reader = this.modelReader;
    this.readsModel = metering.models !== null;
    if (this.readsModel) {
      if (reader === null) this.modelReader = reader = new BodyModel();
      reader.begin();
    }
    this.reserves = reserves;
    this.metering = metering;
    this.consumes = consumes;
    this.estimatedTokens = 0;
    this.isUnreadable = false;
    this.hasName = false;
    this.inputCost = -1;
    this.answer.begin(consumes != Consumes.Tokens && consumes > Consumes.Later);
  }

  /** Whether the meter needs the request's body. If not, `requestPiece` ignores it. */
  get readsRequest(): bool {
    return this.reserves || this.readsModel || this.estimates;
  }

  /** Whether what the call does not report is estimated. */
  private get estimates(): bool {
    return this.consumes >= Consumes.Tokens && this.metering.estimates;
  }

  /** The estimate for what has been sent of the request's body, in tokens. */
  get inputSoFar(): i64 {
    const request = this.request;
    return request !== null ? request.tokens : 0;
  }

  /** Reads the next `len` bytes of the request's body, at `ptr`. They are not needed any more when this returns. */
  requestPiece(ptr: usize, len: i32): void {
    const reader = this.modelReader;
    if (this.readsModel && reader !== null) reader.feed(ptr, len);
    if (!this.reserves && !this.estimates) return;
    let request = this.request;
    if (request === null) {
      request = this.readers.borrowMeter();
      request.reserves = this.reserves;
      this.request = request;
    }
    request.feed(ptr, len);
  }

  /**
   * Works out what to charge for the call. Call it once; `giveBack` follows.
   * @param isComplete whether the response has come to its end, rather than being cut off
   * @returns weighted tokens, rounded to whole ones, at least 0
   */
  total(isComplete: bool, mayHaveReachedUpstream: UpstreamQuestion): i64 {
    const answer = this.answer;
    answer.finish();
    const usage = answer.usage;
    const isReported = usage.reported && !(this.estimates && usage.isNothing);
    // What was cut off may report more when it is fetched again.
    this.hasName = isReported && isComplete && !answer.isPart;
    if (isReported) return this.ofReport(isComplete);
    this.estimatedTokens = this.estimates ? this.ofCall(mayHaveReachedUpstream) : this.ofPieces(isComplete);
    return this.estimatedTokens;
  }

  private ofReport(isComplete: bool): i64 {
    const answer = this.answer;
    const usage = answer.usage;
    let input = usage.input;
    let output = usage.output;
    let isPartial = !isComplete || answer.isPart;
    if (this.estimates) {
      // Some servers report no input: TGI, and Ollama when it has the prompt in its cache.
      if (input == 0) input = this.inputSoFar;
      // A response that was cut off may have reported its beginning only, as Anthropic's does, and a stream its input. So
      // may one that ends as it should, where the upstream gave up.
      // Of what is doubtful all may be what the model said, the report included.
      const isDoubtful = answer.isDoubtful;
      const isSilent = output == 0 && (answer.hasEvents || answer.generatedTokens > 0);
      isPartial = isPartial || isDoubtful || answer.hasLateText || isSilent;
      if (isPartial) output = max(output, answer.generatedTokens);
      if (isDoubtful) input = max(input, this.inputSoFar);
    }
    // `consumed` keeps what comes last: the whole.
    if (!isPartial && usage.input > 0)
      this.inputCost = this.charge(input, usage.cachedInput, usage.cacheWrite, 0, 0);
    return this.charge(input, usage.cachedInput, usage.cacheWrite, output, usage.reasoning);
  }

  /**
   * What a call is charged that reported no usage, or none but zeros: its input and what the model has generated, unless
   * the answer is an error. A caller that left before the answer began pays for the input: the model has it.
   */
  private ofCall(mayHaveReachedUpstream: UpstreamQuestion): i64 {
    const answer = this.answer;
    if (answer.hasBegun && !answer.isSuccess) return 0;
    if (!answer.hasText && !mayHaveReachedUpstream()) return 0;
    this.isUnreadable = answer.isUnreadable;
    return this.charge(this.inputSoFar, 0, 0, answer.generatedTokens, 0);
  }

  /** A stored answer reports its usage at its end, so a caller who leaves earlier has the text without a report. */
  private ofPieces(isComplete: bool): i64 {
    const answer = this.answer;
    const isCut = answer.hasEvents || !isComplete;
    if (this.consumes != Consumes.StoredAnswer || !this.metering.estimates || !answer.isSuccess) return 0;
    if (!answer.isPart && !(isCut && answer.hasText)) return 0;
    return this.charge(0, 0, 0, answer.generatedTokens, 0);
  }

  /**
   * How much a token of each kind counts. If that depends on the model, ask only when the request has ended, or when no more of it
   * will be waited for.
   */
  get weights(): TokenWeights {
    const reader = this.modelReader;
    if (this.readsModel && reader !== null) {
      this.readsModel = false;
      this.metering = this.metering.of(reader.finish());
    }
    return this.metering.weights;
  }

  private charge(input: i64, cachedInput: i64, cacheWrite: i64, output: i64, reasoning: i64): i64 {
    this.consumed.set(input, cachedInput, cacheWrite, output, reasoning);
    return this.weights.charge(this.consumed);
  }

  /** Returns what was borrowed. Call it after `total`, or instead of it; calling it again does nothing. */
  giveBack(): void {
    const request = this.request;
    if (request !== null) this.readers.returnMeter(request);
    this.request = null;
    this.answer.giveBack();
  }
}
