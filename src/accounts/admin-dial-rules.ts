import { fail, ok } from '../base/result/result.ts';
import { type AdminContext, type AdminResult, nothingChanged, originOf, refused } from './admin-context.ts';
import { blankDialRule } from './blank-dial-rule.ts';
import { type DialRuleField, dialRuleFields, dialRuleProblem } from './dial-rule-fields.ts';
import { directoryLimits } from './directory.ts';
import { foldFieldName, unknownNameMessage } from './field-names.ts';
import { type FieldError, type FieldTexts, oneText, quoted } from './field-texts.ts';

const fieldByName = new Map<string, DialRuleField>();
for (const field of dialRuleFields) {
  for (const name of [field.name, ...(field.aliases ?? [])]) fieldByName.set(foldFieldName(name), field);
}

/** Makes the dial rule that `name` names, or changes the given fields of it. */
export function putDialRule(texts: FieldTexts, context: AdminContext): AdminResult {
  const { directory } = context;
  const name = oneText(texts['name'] ?? '');
  if (!name.ok || !/^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,63}$/u.test(name.value)) {
    return refused(
      'name',
      `${quoted(name.ok ? name.value : '')} is not a name of 1 to 64 letters, digits, blanks _ . -`,
    );
  }
  const before = directory.dialRuleByName(name.value);
  if (before === undefined && directory.size.dialRules >= directoryLimits.dialRules) {
    return refused(
      'name',
      `${quoted(name.value)} is one more than the ${directoryLimits.dialRules} rules there may be`,
    );
  }
  const errors: FieldError[] = [];
  const given = new Set<string>();
  let rule = before ?? blankDialRule(directory.nextId, name.value);
  for (const [written, text] of Object.entries(texts)) {
    if (foldFieldName(written) === 'name') continue;
    const field = fieldByName.get(foldFieldName(written));
    if (field === undefined) {
      errors.push({ field: written, message: unknownNameMessage(written, fieldByName.keys()) });
      continue;
    }
    if (given.has(field.name)) errors.push({ field: written, message: `${field.name} is given twice` });
    given.add(field.name);
    const set = field.set(rule, text, directory);
    if (set.ok) rule = set.value;
    else errors.push({ field: field.name, message: `${field.name} ${set.error}` });
  }
  const problem = errors.length === 0 ? dialRuleProblem(rule) : undefined;
  if (problem !== undefined) errors.push(problem);
  if (errors.length > 0) return fail(errors);
  const changed = dialRuleFields.filter((field) => {
    return before === undefined ? given.has(field.name) : field.show(before, directory) !== field.show(rule, directory);
  });
  if (before !== undefined && changed.length === 0) return ok(nothingChanged);
  const detail = changed.map((field) => {
    return field.secret === true ? `${field.name} changed` : `${field.name} ${quoted(field.show(rule, directory))}`;
  });
  const action = before === undefined ? 'create dial rule' : 'change dial rule';
  return ok({
    changes: [{ kind: 'dial rule put', rule }],
    audit: [{ ...originOf(context), action, subject: `dial rule ${rule.name}`, detail: detail.join(', ') }],
    changedFields: changed.map((field) => field.name),
    generatedPassword: undefined,
  });
}

export function removeDialRule(name: string, context: AdminContext): AdminResult {
  const rule = context.directory.dialRuleByName(name);
  if (rule === undefined) return refused('name', `${quoted(name)} is no dial rule`);
  return ok({
    changes: [{ kind: 'dial rule remove', ruleId: rule.id }],
    audit: [{ ...originOf(context), action: 'remove dial rule', subject: `dial rule ${rule.name}`, detail: '' }],
    changedFields: [],
    generatedPassword: undefined,
  });
}
