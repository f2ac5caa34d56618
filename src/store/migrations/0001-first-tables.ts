import type { Kysely } from 'kysely';
import { type Columns, createTable } from './create-table.ts';

/** Accounts, numbers, dial rules, bindings, calls, CDRs, settings, audit log, heartbeat. */
export async function createFirstTables(db: Kysely<unknown>): Promise<void> {
  await createAccountTables(db);
  await createDialTables(db);
  await createCallTables(db);
  await createTable(db, 'settings', ['name'], { name: 'text', value: 'text', set_by: 'text', set_at_ms: 'bigint' });
  await createTable(db, 'audit', ['id'], {
    id: 'bigint',
    at_ms: 'bigint',
    by_whom: 'text',
    action: 'text',
    subject: 'text',
    detail: 'text',
  });
  await createTable(db, 'heartbeat', ['id'], { id: 'bigint', at_ms: 'bigint', epoch: 'bigint' });
  await createTable(db, 'meta', ['name'], { name: 'text', value: 'text' });
}

async function createAccountTables(db: Kysely<unknown>): Promise<void> {
  await createTable(db, 'accounts', ['id'], {
    id: 'bigint',
    name: 'text',
    name_folded: 'text',
    kind: 'text',
    enabled: 'bigint',
    display_name: 'text',
    need_auth: 'bigint',
    auth_ip_json: 'text',
    tech_prefix_sealed: 'text',
    permit_ip_json: 'text',
    caller_id: 'text',
    dial_plan: 'text',
    reseller_id: 'bigint?',
    media_networks_json: 'text',
    trunk_json: 'text',
    trunk_password_sealed: 'text',
  });
  await db.schema.createIndex('accounts_by_name').unique().on('accounts').column('name_folded').execute();
  await createTable(db, 'account_fields', ['account_id', 'field'], {
    account_id: 'bigint',
    field: 'text',
    set_by: 'text',
    set_at_ms: 'bigint',
  });
  await createTable(db, 'credentials', ['account_id'], {
    account_id: 'bigint',
    realm: 'text',
    ha1_md5_sealed: 'text',
    ha1_sha256_sealed: 'text',
    previous_ha1_md5_sealed: 'text',
    previous_ha1_sha256_sealed: 'text',
  });
  await createTable(db, 'web_passwords', ['account_id'], { account_id: 'bigint', hash: 'text' });
  await createTable(db, 'numbers', ['number'], { number: 'text', account_id: 'bigint' });
  await db.schema.createIndex('numbers_by_account').on('numbers').column('account_id').execute();
  await createTable(db, 'bindings', ['binding_key'], {
    binding_key: 'text',
    account_id: 'bigint',
    expires_at_ms: 'bigint',
    binding_json: 'text',
  });
  await db.schema.createIndex('bindings_by_account').on('bindings').column('account_id').execute();
}

async function createDialTables(db: Kysely<unknown>): Promise<void> {
  await createTable(db, 'dial_rules', ['id'], {
    id: 'bigint',
    name: 'text',
    pattern: 'text',
    secret_prefix_sealed: 'text',
    delete_digits: 'bigint',
    add_digits: 'text',
    time_rule: 'text',
    max_duration_s: 'bigint',
    dial_plan: 'text',
    record_in_cdr: 'bigint',
  });
  await db.schema.createIndex('dial_rules_by_name').unique().on('dial_rules').column('name').execute();
  await createTable(db, 'dial_routes', ['rule_id', 'position'], {
    rule_id: 'bigint',
    position: 'bigint',
    sip_server_id: 'bigint',
    priority: 'bigint',
    weight: 'bigint',
  });
}

async function createCallTables(db: Kysely<unknown>): Promise<void> {
  await createTable(db, 'calls', ['call_id'], {
    call_id: 'text',
    started_at_ms: 'bigint',
    answered_at_ms: 'bigint?',
    cdr_json: 'text',
    caller_json: 'text',
    callee_json: 'text',
  });
  await createTable(db, 'cdrs', ['call_id'], cdrColumns);
  await db.schema.createIndex('cdrs_by_start').on('cdrs').columns(['started_at_ms', 'call_id']).execute();
  await db.schema.createIndex('cdrs_by_payer').on('cdrs').columns(['payer_id', 'started_at_ms']).execute();
  await db.schema.createIndex('cdrs_by_callee').on('cdrs').columns(['callee_name', 'started_at_ms']).execute();
}

const cdrColumns: Columns = {
  call_id: 'text',
  sip_call_id: 'text',
  payer_id: 'bigint?',
  caller_id: 'bigint?',
  caller_name: 'text',
  callee_name: 'text',
  caller_number: 'text',
  dialled_number: 'text',
  canonical_number: 'text',
  number_class: 'text',
  sent_number: 'text',
  dial_rule: 'text',
  attempts_json: 'text',
  started_at_ms: 'bigint',
  answered_at_ms: 'bigint?',
  ended_at_ms: 'bigint?',
  cause: 'text',
  sip_status: 'bigint',
  ended_by: 'text',
  codecs: 'text',
  caller_quality_json: 'text',
  callee_quality_json: 'text',
  source_address: 'text',
  source_port: 'bigint',
  transport: 'text',
  user_agent: 'text',
  decision_id: 'text',
  transfer_of: 'text',
};
