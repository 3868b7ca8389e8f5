import { Fields } from "../../config/fields";
import { RowFlag } from "../../ledger/row";

const SHADOW = "shadow";
const ON_REDIS_ERROR = "on_redis_error";
/** The fields that say of a configuration, or of a rule item, how strictly its limits apply. */
export const STRICTNESS_FIELDS: string[] = [SHADOW, ON_REDIS_ERROR];
const ON_LIMIT = "on_limit";
const WARN_AT = "warn_at";
/** Those of a configuration alone. */
export const SOFT_FIELDS: string[] = [ON_LIMIT, WARN_AT];

/** What happens at a limit, beside rejections, for a whole configuration. Immutable. */
@final
export class Softness {
  constructor(
    /** Whether calls above a limit pass, marked with a header, by which the host may route them elsewhere (`on_limit`). */
    readonly diverts: bool,
    /** The share of a limit from which callers are warned, in ten-thousandths; 0 if they never are (`warn_at`). */
    readonly warnAt: i64,
  ) {}
}

/** Reads `on_limit` and `warn_at`. */
export function readSoftness(fields: Fields): Softness {
  const diverts = fields.choice(ON_LIMIT, ["reject", "header"]) == 1;
  return new Softness(diverts, fields.tenThousandths(WARN_AT, 0, 1));
}

/** Reads how strictly limits apply, as flags of rows. @param fallback the flags of the configuration */
export function readRowFlags(fields: Fields, fallback: RowFlag = RowFlag.None): RowFlag {
  const isShadow = fields.flag(SHADOW, (fallback & RowFlag.Shadow) != 0);
  const denies = fields.has(ON_REDIS_ERROR)
    ? fields.choice(ON_REDIS_ERROR, ["allow", "deny"]) == 1
    : (fallback & RowFlag.DeniesUnknown) != 0;
  return (isShadow ? RowFlag.Shadow : RowFlag.None) | (denies ? RowFlag.DeniesUnknown : RowFlag.None);
}

/** The flags of a row: a shadow denies nothing, whatever else is configured. */
export function effective(flags: RowFlag): RowFlag {
  return (flags & RowFlag.Shadow) != 0 ? RowFlag.Shadow : flags;
}
