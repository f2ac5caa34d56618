import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSameNumber, numberFormats, readNumber, writeNumber } from './called-number.ts';
import { classify } from './classify.ts';

const austria = { homeCountry: '43', homeRegion: '', internationalPrefix: '00', nationalPrefix: '0' };
const america = { homeCountry: '1', homeRegion: '', internationalPrefix: '011', nationalPrefix: '1' };
const nowhere = { ...austria, homeCountry: '' };

function classOf(dialled: string, plan = austria): string {
  const number = readNumber(dialled, '', plan);
  return number === undefined ? 'none' : classify(number, plan);
}

test('a number has the class that its prefix, or the table of countries, gives it', () => {
  const table: [dialled: string, expected: string][] = [
    ['+43664123456', 'domestic'],
    ['0664123456', 'domestic'],
    ['+4930123456', 'international'],
    ['+870123456789', 'satellite'],
    ['+8816123456', 'satellite'],
    ['+88213123456', 'satellite'],
    ['+88216123456', 'satellite'],
    ['+8835100012345', 'satellite'],
    ['+61147123456', 'satellite'],
    ['+19005551234', 'premium'],
    ['+190055512345678', 'premium'],
    ['+449091234567', 'premium'],
    ['+44909123456789', 'premium'],
    ['+447012345678', 'premium'],
    ['+979123456789', 'premium'],
    ['0900123456', 'premium'],
    ['+37190123456', 'premium'],
    ['+80012345678', 'toll free'],
    ['0800123456', 'toll free'],
    ['+80812345678', 'shared cost'],
    ['+99912', 'unknown'],
    ['+9991234567', 'unknown'],
    ['133', 'unknown'],
  ];
  for (const [dialled, expected] of table) assert.equal(classOf(dialled), expected, dialled);
});

test('digits that two countries could read are barred when either reading is', () => {
  assert.equal(classOf('9005551234', america), 'premium', 'ten digits as dialled in North America');
  assert.equal(classOf('19005551234', america), 'premium');
  assert.equal(classOf('88216123456', america), 'satellite');
  assert.equal(classOf('900123456'), 'premium', 'without its national prefix');
});

test('countries behind one calling code are told apart', () => {
  assert.equal(classOf('+12125551234', america), 'domestic');
  assert.equal(classOf('+18765551234', america), 'international');
  assert.equal(classOf('+12125551234', { ...america, homeRegion: 'CA' }), 'international');
  assert.equal(classOf('+12125551234', nowhere), 'international');
});

test('what is written in a declared format is read again as the same number', () => {
  const digits = fc.stringMatching(/^[1-9][0-9]{6,13}$/);
  fc.assert(
    fc.property(digits, fc.constantFrom(austria, america), fc.constantFrom(...numberFormats), (text, plan, format) => {
      if (format === '') return;
      const number = { form: 'e164' as const, digits: text, orElse: '' };
      const written = writeNumber(number, format, plan);
      assert.ok(written !== undefined);
      const again = readNumber(written, format, plan);
      // A national number that begins with a prefix would be read as another one: such a number is not sent.
      if (format !== 'national') assert.ok(again !== undefined);
      if (again !== undefined && isSameNumber(number, again)) return;
      assert.equal(format, 'national');
    }),
  );
});

test('a text that is no number in the declared format is none', () => {
  const table: [text: string, format: (typeof numberFormats)[number]][] = [
    ['0043664123456', 'e164'],
    ['43664123456', 'plus'],
    ['43664123456', 'international'],
    ['43664123456', 'national'],
    ['', ''],
    ['+', ''],
    ['1234567890123456', ''],
  ];
  for (const [text, format] of table) assert.equal(readNumber(text, format, austria), undefined, `${text} ${format}`);
});
