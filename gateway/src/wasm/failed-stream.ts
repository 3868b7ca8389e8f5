import { HeadersAction } from "../chain/actions.ts";
import { Direction, PASS, type DirectionFilter } from "../chain/direction.ts";
import type { Place, StreamFilter } from "../chain/filter.ts";
import { FAIL_REPLY } from "./stream.ts";

/** Stands in for a filter whose VM is down: whatever request reaches it is answered with 503. */
export function failedStream(place: Place): StreamFilter {
  const refuse: DirectionFilter = {
    ...PASS,
    onHeaders: () => {
      place.localReply(FAIL_REPLY);
      return HeadersAction.StopIteration;
    },
  };
  return {
    request: new Direction(refuse, place.upstream, place.requestFlow, true),
    response: new Direction(PASS, place.client, place.responseFlow, true),
    end: () => {},
  };
}
