import { borrowBuffer, MAX_PIECE } from "../../abi/buffers";
import { borrowedSize, release } from "../../abi/memory";
import { BufferType } from "../../abi/types";
import { Counters } from "../../ledger/counters";
import { Consumes } from "../../request/free-endpoints";
import { RequestMeter } from "../../usage/request-meter";
import { Answer } from "./answer";
import { AnswerName } from "./answer-name";
import { mayHaveReachedUpstream } from "./exchange";
import { Limiter } from "./limiter";

/**
 * What one admitted call consumes: read out of its response, or estimated where that does not tell. Used for one call
 * after the other.
 */
@final
export class Consumption {
  private meter: RequestMeter | null = null;
  private readonly answer: Answer;
  /** What the answer is known by that was read last, if it can be fetched again. */
  readonly name: AnswerName = new AnswerName();
  private consumes: Consumes = Consumes.Tokens;

  constructor(private readonly limiter: Limiter) {
    this.answer = new Answer(limiter.readers, limiter.counts);
  }

  /**
   * Begins with another call.
   * @param consumes what it may consume; if nothing, it costs only what it reports
   */
  begin(consumes: Consumes): void {
    this.consumes = consumes;
    this.answer.begin(consumes != Consumes.Tokens && consumes != Consumes.Nothing);
  }

  /** The next `size` bytes of the request's body are in the host's buffer. */
  requestBody(size: u32): void {
    if (!this.mayEstimate) return;
    let meter = this.meter;
    if (meter === null) {
      meter = this.limiter.readers.borrowMeter();
      this.meter = meter;
    }
    for (let from: u32 = 0; from < size; from += MAX_PIECE) {
      const piece = borrowBuffer(BufferType.HttpRequestBody, min(size - from, MAX_PIECE), from);
      if (piece != 0) meter.feed(piece, borrowedSize());
      release(piece);
    }
  }

  /** The headers of the response have arrived. */
  responseHeaders(): void {
    this.answer.headers();
  }

  /** The next `size` bytes of the response's body are in the host's buffer. */
  responseBody(size: u32): void {
    this.answer.body(size);
  }

  /**
   * The tokens to charge for the call, weighted. To be called once.
   * @param isComplete whether the response has come to its end
   * @param counters what they will be charged to
   */
  total(isComplete: bool, counters: Counters): i64 {
    const answer = this.answer;
    answer.finish();
    const tells = answer.usage.reported && !(this.mayEstimate && answer.usage.isNothing);
    const tokens = tells ? this.ofReport(isComplete) : this.ofEstimate(isComplete);
    // What was cut off may report more when it is fetched again.
    if (tells && isComplete && !answer.isPart) answer.setName(this.name, counters);
    else this.name.clear();
    this.giveBack();
    return tokens;
  }

  private ofReport(isComplete: bool): i64 {
    const answer = this.answer;
    const usage = answer.usage;
    const config = this.limiter.config;
    let input = usage.input;
    let output = usage.output;
    if (this.mayEstimate) {
      // Some servers report no input: TGI, and Ollama when it has the prompt in its cache.
      if (input == 0) input = this.estimatedInput;
      // A response that was cut off may have reported its beginning only, as Anthropic's does, and a stream its input. So
      // may one that ends as it should, where the upstream gave up.
      // What stands beside a report that is neither JSON nor an event may be all that the model said, the report included.
      const isPartial =
        !isComplete ||
        answer.isPart ||
        answer.isUnreadable ||
        answer.hasLateText ||
        (output == 0 && answer.hasEvents);
      if (isPartial) output = max(output, answer.generatedTokens);
      if (answer.isUnreadable) input = max(input, this.estimatedInput);
    }
    return config.weights.charge(input, usage.cachedInput, usage.cacheWrite, output, usage.reasoning);
  }

  /**
   * What a call is charged that reported no usage, or none but zeros: its input and what the model has generated, unless
   * the answer is an error. A caller that left before the answer began pays for the input: the model has it.
   */
  private ofEstimate(isComplete: bool): i64 {
    const answer = this.answer;
    if (!this.mayEstimate) return this.ofStoredPieces(isComplete);
    if (answer.hasBegun && !answer.isSuccess) return 0;
    if (!answer.hasText && !mayHaveReachedUpstream()) return 0;
    if (answer.isUnreadable) this.limiter.counts.unreadableResponse();
    const weights = this.limiter.config.weights;
    const tokens = weights.charge(this.estimatedInput, 0, 0, answer.generatedTokens, 0);
    if (tokens > 0) this.limiter.counts.estimated(tokens);
    return tokens;
  }

  /** A stored answer reports its usage at its end; whoever leaves before has the text. */
  private ofStoredPieces(isComplete: bool): i64 {
    const answer = this.answer;
    const isStored = this.consumes == Consumes.StoredAnswer && this.limiter.config.estimates;
    const isCut = answer.hasEvents || !isComplete;
    if (!isStored || !answer.isSuccess || !(answer.isPart || (isCut && answer.hasText))) return 0;
    const tokens = this.limiter.config.weights.charge(0, 0, 0, answer.generatedTokens, 0);
    this.limiter.counts.estimated(tokens);
    return tokens;
  }

  /** The estimate for what has been sent of the request's body. */
  private get estimatedInput(): i64 {
    const meter = this.meter;
    return meter !== null ? meter.tokens : 0;
  }

  private get mayEstimate(): bool {
    return this.consumes >= Consumes.Tokens && this.limiter.config.estimates;
  }

  /** Gives back what was borrowed, without a total. */
  giveBack(): void {
    const meter = this.meter;
    if (meter !== null) this.limiter.readers.returnMeter(meter);
    this.meter = null;
    this.answer.giveBack();
  }
}
