import { unreachable } from '@lockstep/foundation/assert';
import { literal, sql } from '@lockstep/foundation/sql';
import type { SObjectDef } from '../schema/schema.ts';
import { verbatim } from '../soql/fragments.ts';
import type { Call, Node } from './ast.ts';
import { dateFunctions } from './date-functions.ts';
import { FormulaError } from './errors.ts';
import { fieldPart } from './fields.ts';
import { logicFunctions } from './logic-functions.ts';
import { numberFunctions } from './number-functions.ts';
import { binary, unary } from './operators.ts';
import { parseFormula } from './parse.ts';
import { type FormulaFunction, part } from './signature.ts';
import { textFunctions } from './text-functions.ts';
import type { Compilation, FormulaReads, FormulaScope, Typed } from './types.ts';

export interface CompiledFormula extends Typed {
  reads: FormulaReads;
}

/** PostgreSQL plans a statement of this size in a few milliseconds; formulas named by the formula count too. */
const sizeMax = 1000;
const levelsMax = 20;

/** @throws {@link FormulaError} for everything that keeps the text from being a formula of this sobject */
export function compileFormula(text: string, def: SObjectDef, scope: FormulaScope): CompiledFormula {
  const compiler = new Compiler(def, scope);
  const whole = compiler.part(parseFormula(text));
  return { ...whole, reads: compiler.reads };
}

class Compiler implements Compilation {
  readonly def: SObjectDef;
  readonly scope: FormulaScope;
  readonly reads: FormulaReads = { parents: false, time: false, user: false, size: 0, levels: 0 };
  private readonly functions: Readonly<Record<string, FormulaFunction>>;

  constructor(def: SObjectDef, scope: FormulaScope) {
    this.def = def;
    this.scope = scope;
    this.functions = {
      ...logicFunctions,
      ...textFunctions,
      ...numberFunctions,
      ...dateFunctions(scope.now),
    };
  }

  part(node: Node): Typed {
    this.grow(1);
    switch (node.kind) {
      case 'text': {
        const constant = sql`${literal(node.value)}::text`;
        return { ...part('Text', node.at, () => constant), constant: node.value };
      }
      case 'number': {
        const constant = verbatim(`${node.value}::numeric`);
        return part('Number', node.at, () => constant);
      }
      case 'constant':
        if (node.value === 'NULL') return part('Null', node.at, () => sql`NULL`);
        return part('Boolean', node.at, () => (node.value === 'TRUE' ? sql`true` : sql`false`));
      case 'name':
        return fieldPart(this, node.name, node.at);
      case 'call':
        return this.call(node);
      case 'unary':
        return unary(node.operator, this.part(node.operand), node.at);
      case 'binary':
        return binary(node.operator, this.part(node.left), this.part(node.right), node.at);
      default:
        return unreachable(node);
    }
  }

  private call({ name, args, at }: Call): Typed {
    const known = Object.hasOwn(this.functions, name) ? this.functions[name] : undefined;
    if (!known) throw new FormulaError(`Unknown function ${name}. Check spelling.`, at);
    if (known.rulesOnly && !this.scope.isRule)
      throw new FormulaError(`Function ${name} may not be used in this type of formula`, at);
    if (known.readsTime) this.reads.time = true;
    return known.check(
      name,
      args.map((arg) => this.part(arg)),
      at,
    );
  }

  include(inner: FormulaReads, levels: number): void {
    const { reads } = this;
    reads.parents ||= inner.parents;
    reads.time ||= inner.time;
    reads.user ||= inner.user;
    this.grow(inner.size);
    this.deepen(levels + inner.levels);
  }

  deepen(levels: number): void {
    this.reads.levels = Math.max(this.reads.levels, levels);
    if (levels > 0) this.reads.parents = true;
    if (levels > levelsMax) throw new FormulaError(`Formula follows more than ${levelsMax} relationships.`);
  }

  private grow(by: number): void {
    this.reads.size += by;
    if (this.reads.size > sizeMax)
      throw new FormulaError(
        `Compiled formula is too big to execute (${this.reads.size} parts). Maximum size is ${sizeMax} parts`,
      );
  }
}
