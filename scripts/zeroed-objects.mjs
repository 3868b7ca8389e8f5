// Removes from constructors what sets fields to zero. The compiler does not clear the memory of a new object, but sets each of its
// fields, in code that is longer. Here the memory is cleared, in one place.
//
// A constructor first allocates the object if none is given (a subclass gives its own to that of its superclass), and then sets
// its fields, those of a subclass before those of the superclass.
import binaryen from "assemblyscript/binaryen";

const CONSTRUCTOR = "#constructor";
/** Allocators of the runtime, and how many numbers they take, of which the first is the size. */
const ALLOCATORS = { "~lib/rt/tcms/__new": 2, "~lib/rt/tlsf/__alloc": 1 };
const CLEARED = "~cleared";

const LINK = "~lib/rt/tcms/__link";
const OBJECT = "~lib/object/Object#constructor";

const { ExpressionIds: Id } = binaryen;
/** What an expression consists of; of some, binaryen tells nothing but the kind. */
function infoOf(expression) {
  const id = binaryen.getExpressionId(expression);
  return id === Id.Unreachable || id === Id.Nop ? { id } : binaryen.getExpressionInfo(expression);
}
const isZero = (expression) => {
  const { id, value } = infoOf(expression);
  return id === Id.Const && Object.is(Number(value), 0);
};
const isThis = (expression) => {
  const { id, index } = infoOf(expression);
  return id === Id.LocalGet && index === 0;
};

/** Has new objects cleared, and removes what then has no effect; `module` is not optimised yet, and is changed in place. */
export function clearObjects(module) {
  const isSetter = settersOf(module);
  for (const [allocator, operands] of Object.entries(ALLOCATORS)) {
    if (module.getFunction(allocator) !== 0) addCleared(module, allocator, operands);
  }
  for (let i = 0; i < module.getNumFunctions(); ++i) {
    const { name, body } = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (!name.endsWith(CONSTRUCTOR)) continue;
    const allocation = allocationIn(body);
    if (allocation === null) {
      // Those of buffers and the like have no fields.
      if (name.startsWith("~lib/")) continue;
      throw new Error(`${name} does not begin as constructors do`);
    }
    binaryen.Call.setTarget(allocation, infoOf(allocation).target + CLEARED);
    removeZeros(body, isSetter);
  }
}

/** A function like an allocator, which also clears what it allocates. */
function addCleared(module, allocator, operands) {
  const numbers = Array.from({ length: operands }, () => binaryen.i32);
  const local = (i) => module.local.get(i, binaryen.i32);
  const object = operands;
  const made = module.call(
    allocator,
    numbers.map((_, i) => local(i)),
    binaryen.i32,
  );
  const filled = module.memory.fill(
    module.local.tee(object, made, binaryen.i32),
    module.i32.const(0),
    local(0),
  );
  module.addFunction(
    allocator + CLEARED,
    binaryen.createType(numbers),
    binaryen.i32,
    [binaryen.i32],
    module.block(null, [filled, local(object)], binaryen.i32),
  );
}

/** Tells which functions do nothing but set a field: the compiler makes them for all fields. */
function settersOf(module) {
  const known = new Map();
  const isStore = (expression) => {
    const { id, ptr } = infoOf(expression);
    return id === Id.Store && isThis(ptr);
  };
  const isLink = (expression) => infoOf(expression).target === LINK;
  const sets = ({ id, children }, body) =>
    id === Id.Block ? isStore(children[0]) && children.slice(1).every(isLink) : isStore(body);
  return (name) => {
    if (!known.has(name)) {
      const { body } = binaryen.getFunctionInfo(module.getFunction(name));
      known.set(name, sets(infoOf(body), body));
    }
    return known.get(name);
  };
}

/** The call at the beginning of a constructor by which it allocates the object, if none is given; null if there is none. */
function allocationIn(body) {
  if (infoOf(body).id !== Id.Block) return null;
  const first = infoOf(binaryen.Block.getChildAt(body, 0));
  if (first.id !== Id.If) return null;
  const then = infoOf(first.ifTrue);
  const set = then.id === Id.Block ? infoOf(then.children[0]) : then;
  if (set.id !== Id.LocalSet || set.index !== 0) return null;
  const { id, target } = infoOf(set.value);
  return id === Id.Call && target in ALLOCATORS ? set.value : null;
}

/** Whether an expression calls the constructor of all classes without another superclass, which does nothing. */
function isObject(expression) {
  const { id, value } = infoOf(expression);
  return id === Id.LocalSet && infoOf(value).target === OBJECT;
}

/** Removes the calls after the allocation that set fields to zero, unless they were set to something else before. */
function removeZeros(body, isSetter) {
  const changed = new Set();
  for (
    let i = isObject(binaryen.Block.getChildAt(body, 1)) ? 2 : 1;
    i < binaryen.Block.getNumChildren(body);
  ) {
    const { id, target, operands } = infoOf(binaryen.Block.getChildAt(body, i));
    if (id !== Id.Call || !isThis(operands[0] ?? body) || !isSetter(target)) return;
    if (isZero(operands[1]) && !changed.has(target)) {
      binaryen.Block.removeChildAt(body, i);
    } else {
      changed.add(target);
      ++i;
    }
  }
}
