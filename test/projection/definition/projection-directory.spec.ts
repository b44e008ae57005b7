import { InvalidOptionError } from '../../../src/kernel/invalid-option-error.js';
import { ProjectionDirectory } from '../../../src/projection/definition/projection-directory.js';
import { UnknownProjectionError } from '../../../src/projection/projection-errors.js';

let directory: ProjectionDirectory<string>;

beforeEach(() => {
  directory = new ProjectionDirectory();
  directory.add({ name: 'sums', version: 2 }, 'sums 2');
  directory.add({ name: 'sums', version: 10 }, 'sums 10');
  directory.add({ name: 'sums', version: 1 }, 'sums 1');
  directory.add({ name: 'items', version: 1 }, 'items 1');
});

describe('ProjectionDirectory', () => {
  it('finds the newest version of a name, and any version by name and version', () => {
    expect(directory.find('sums')).toBe('sums 10');
    expect(directory.find('items')).toBe('items 1');
    expect(directory.find({ name: 'sums', version: 1 })).toBe('sums 1');
    expect(directory.find({ name: 'sums' } as never)).toBe('sums 10');
  });

  it('lists its content in the order in which it was added', () => {
    expect(directory.values).toEqual(['sums 2', 'sums 10', 'sums 1', 'items 1']);
  });

  it.each<[string, Parameters<typeof directory.find>[0], string]>([
    ['a name', 'totals', 'totals'],
    ['a version', { name: 'items', version: 3 }, 'items (version 3)'],
  ])('answers %s that does not exist with the list of what exists', (_, ref, asked) => {
    const known = 'sums (version 2), sums (version 10), sums (version 1), items (version 1)';
    expect(() => directory.find(ref)).toThrow(UnknownProjectionError);
    expect(() => directory.find(ref)).toThrow(`there is no projection ${asked}; there are: ${known}`);
  });

  it('reports that it is empty', () => {
    expect(() => new ProjectionDirectory().find('sums')).toThrow('there are: none');
  });

  it.each([[undefined], [7], [{ name: 'sums', vresion: 1 }], [{ version: 1 }]])(
    'refuses %p as a name',
    (ref) => {
      expect(() => directory.find(ref as never)).toThrow(InvalidOptionError);
    },
  );

  it('refuses a name and version that it holds already', () => {
    expect(() => directory.add({ name: 'sums', version: 2 }, 'again')).toThrow(
      'projections must be a list in which each name and version comes once; given: "sums (version 2)"',
    );
  });
});
