import { Counters } from "../../ledger/counters";
import { Charge, ChargeOwner } from "./charge";
import { Check } from "./check";
import { Consumption } from "./consumption";
import { Limiter } from "./limiter";

/**
 * One request that is subject to limits: the counters that it is checked against, what it consumes, and the charge of
 * that to the counters. Whoever has to do with it last, the check, the stream or the charge, gives it back, and a later
 * request takes it: a request in flight needs its own, but none has to be made for each.
 */
@final
export class Call implements ChargeOwner {
  readonly counters: Counters = new Counters();
  readonly consumption: Consumption;
  readonly check!: Check;
  readonly charge!: Charge;

  constructor(private readonly limiter: Limiter) {
    this.consumption = new Consumption(limiter);
    this.check = new Check(limiter, this);
    this.charge = new Charge(limiter.redis, this.counters, limiter.charges, this);
  }

  onCharged(charge: Charge): void {
    charge.spending = null;
    if (!charge.beginNext()) this.giveBack();
  }

  giveBack(): void {
    this.limiter.takeBack(this);
  }
}
