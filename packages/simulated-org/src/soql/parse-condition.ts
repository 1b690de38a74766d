/**
 * Expressions, constants and conditions of a query.
 *
 *   condition  = term {AND term} | term {OR term}          the two never mix without parentheses
 *   term       = NOT term | ( condition ) | filter
 *   filter     = expression operator value | expression [NOT] IN ( value {, value} )
 *              | field [NOT] IN ( query ) | field INCLUDES|EXCLUDES ( literal {, literal} )
 *   expression = field | function ( expression ) | DISTANCE ( field , GEOLOCATION ( number , number ) , 'mi'|'km' )
 *   value      = literal | date literal [: n]
 */
import { unreachable } from '@lockstep/foundation/assert';
import type { Call, ComparisonOperator, Condition, Expression, Literal, Name, Period, Soql } from './ast.ts';
import { isCall } from './ast.ts';
import { isKnownFunction, mayHold } from './functions.ts';
import { isPeriod, periodCountMax } from './periods.ts';
import { TokenReader } from './token-reader.ts';
import type { Token } from './tokens.ts';

const nestingMax = 100;

const comparisonOperators: Record<string, ComparisonOperator> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  like: 'like',
};

export abstract class ConditionReader extends TokenReader {
  private nesting = 0;

  /** Reads the query between the parentheses of a semi-join. */
  protected abstract innerQuery(): Soql;

  protected condition(): Condition {
    const first = this.term();
    const kind = this.isWord('and') ? 'and' : this.isWord('or') ? 'or' : null;
    if (!kind) return first;
    const terms = [first];
    while (this.word(kind)) terms.push(this.term());
    if (this.isWord('and') || this.isWord('or')) throw this.unexpected();
    return { kind, terms };
  }

  private term(): Condition {
    const at = this.peek.at;
    if (this.word('not')) return { kind: 'not', term: this.nested(at, () => this.term()) };
    if (!this.symbol('(')) return this.filter();
    const inner = this.nested(at, () => this.condition());
    this.expectSymbol(')');
    return inner;
  }

  protected nested<Tree>(at: number, rule: () => Tree): Tree {
    this.nesting += 1;
    if (this.nesting > nestingMax) {
      throw this.malformed(at, `conditions are nested deeper than ${nestingMax} levels`);
    }
    const tree = rule();
    this.nesting -= 1;
    return tree;
  }

  /** A field, or a function of a field. */
  protected expression(): Expression {
    const { name, at } = this.name();
    if (!this.isSymbol('(')) return { name, at };
    const call = name.toLowerCase();
    if (call === 'distance') return this.distance(at);
    if (!isKnownFunction(call)) throw this.malformed(at, `Invalid function: ${name}`);
    this.skip();
    const inner = this.nested(at, () => this.expression());
    this.expectSymbol(')');
    if (!isCall(inner)) return { call, field: inner, at };
    if (mayHold(call, inner.call)) return { call, field: inner.field, at, inner };
    throw this.malformed(inner.at, `Invalid nesting of functions: ${inner.call}() in ${name}()`);
  }

  private distance(at: number): Call {
    this.skip();
    const field = this.name();
    this.expectSymbol(',');
    this.expectWord('geolocation');
    this.expectSymbol('(');
    const latitude = this.degrees(90);
    this.expectSymbol(',');
    const longitude = this.degrees(180);
    this.expectSymbol(')');
    this.expectSymbol(',');
    const unit = this.peek.kind === 'string' ? this.peek.value : '';
    if (unit !== 'mi' && unit !== 'km') {
      if (this.peek.kind !== 'string') throw this.unexpected();
      throw this.malformed(this.peek.at, `invalid distance unit: '${unit}'. Valid units: 'mi', 'km'`);
    }
    this.skip();
    this.expectSymbol(')');
    return { call: 'distance', field, at, to: { latitude, longitude, unit } };
  }

  private degrees(max: number): string {
    const { kind, text, at } = this.peek;
    if (kind !== 'number') throw this.unexpected();
    if (Math.abs(Number(text)) > max) throw this.malformed(at, `value out of range: ${text}`);
    this.skip();
    return text;
  }

  private filter(): Condition {
    const field = this.expression();
    const isNegated = this.word('not');
    if (isNegated || this.isWord('in')) {
      this.expectWord('in');
      const { at } = this.peek;
      if (!this.isWord('select', this.ahead(1))) {
        const values = this.values(() => this.period() ?? this.literal());
        return { kind: 'membership', field, isNegated, values };
      }
      this.skip();
      const query = this.nested(at, () => this.innerQuery());
      this.expectSymbol(')');
      return { kind: 'semi-join', field: this.plainField(field), isNegated, at, query };
    }
    if (this.isWord('includes') || this.isWord('excludes')) {
      const isExclusion = this.isWord('excludes');
      this.skip();
      const values = this.values(() => this.literal());
      return { kind: 'inclusion', field: this.plainField(field), isNegated: isExclusion, values };
    }
    const sign = this.peek.text.toLowerCase();
    const operator = Object.hasOwn(comparisonOperators, sign) ? comparisonOperators[sign] : undefined;
    if (!operator) throw this.unexpected();
    this.skip();
    return { kind: 'comparison', field, operator, value: this.period() ?? this.literal() };
  }

  private plainField(expression: Expression): Name {
    if (isCall(expression)) throw this.malformed(expression.at, `unexpected function: '${expression.call}'`);
    return expression;
  }

  private values<Value>(value: () => Value): Value[] {
    this.expectSymbol('(');
    const values = this.list(value);
    this.expectSymbol(')');
    return values;
  }

  private literal(): Literal {
    const literal = toLiteral(this.peek);
    if (literal) {
      this.skip();
      return literal;
    }
    return this.money();
  }

  /** `USD500.25`, in which the fraction is a separate token. */
  private money(): Literal {
    const { kind, text, at } = this.peek;
    const [, code, whole] = (kind === 'name' && /^([a-z]{3})(\d+)$/i.exec(text)) || [];
    if (code === undefined || whole === undefined) throw this.unexpected();
    this.skip();
    const next = this.peek;
    const hasFraction = next.kind === 'number' && next.at === at + text.length && /^\.\d+$/.test(next.text);
    if (hasFraction) this.skip();
    return { kind: 'currency', code: code.toUpperCase(), value: whole + (hasFraction ? next.text : '') };
  }

  private period(): Period | null {
    const { kind, text, at } = this.peek;
    const value = text.toLowerCase();
    const form = kind === 'name' ? isPeriod(value) : false;
    if (!form) return null;
    this.skip();
    if (form === 'fixed') return { kind: 'period', value, count: 1 };
    this.expectSymbol(':');
    const count = this.wholeNumber();
    if (count > periodCountMax) throw this.malformed(at, `value out of range: ${text}:${count}`);
    return { kind: 'period', value, count };
  }
}

function toLiteral(token: Token): Literal | null {
  switch (token.kind) {
    case 'string':
      return { kind: 'string', value: token.value, pattern: token.pattern };
    case 'number':
    case 'date':
    case 'datetime':
    case 'time':
      return { kind: token.kind, value: token.value };
    case 'name': {
      const word = token.text.toLowerCase();
      if (word === 'null') return { kind: 'null' };
      return word === 'true' || word === 'false' ? { kind: 'boolean', value: word === 'true' } : null;
    }
    case 'symbol':
    case 'end':
      return null;
    default:
      return unreachable(token);
  }
}
