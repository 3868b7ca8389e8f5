import type { Filter, StreamState } from "../chain/filter.ts";
import type { HostServices } from "../wasm/services.ts";
import { RedisStatus, Status } from "../wasm/types.ts";
import { Counters } from "./counters.ts";
import { Observer } from "./observer.ts";
import { Recorder } from "./recorder.ts";
import { Series } from "./series.ts";

/** What the page sees of a gateway's traffic, and how it gets to see it. */
export class Watch {
  readonly counters = new Counters(Date.now);
  readonly series = new Series();
  readonly recorder = new Recorder(Date.now);
  readonly observer = new Observer(this.counters, this.series, Date.now, this.recorder.modelOf);

  /** The Redis host calls, watched. */
  redis(calls: HostServices["redis"]): HostServices["redis"] {
    return {
      init: (...args) => calls.init(...args),
      call: (service, query, reply, stream: StreamState | null = null) => {
        const onAnswer = this.observer.onRedisCall(stream, query);
        const status = calls.call(
          service,
          query,
          (outcome, bytes) => {
            onAnswer(outcome === RedisStatus.Ok);
            reply(outcome, bytes);
          },
          stream,
        );
        if (status !== Status.Ok) onAnswer(false);
        return status;
      },
    };
  }

  /** The chain with the recorder in front of the filter at `position`; without it, if there is no such filter. */
  chain(filters: readonly Filter[], position: number): readonly Filter[] {
    return position < 0 ? filters : filters.toSpliced(position, 0, this.recorder);
  }
}
