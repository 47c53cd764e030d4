// What the linter judges: mistakes that types alone let through. Layout is biome's, shape is scripts/check's.
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['node_modules/', 'data/', '**/*.js', '**/*.mjs'] },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { ts: tseslint.plugin },
    rules: {
      'ts/await-thenable': 'error',
      'ts/ban-ts-comment': 'error',
      'ts/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      'ts/no-explicit-any': 'error',
      // node:test's test() and describe() hand their promise to the runner itself.
      'ts/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'it', 'suite', 'describe'] }] },
      ],
      'ts/no-for-in-array': 'error',
      'ts/no-implied-eval': 'error',
      'ts/no-misused-promises': 'error',
      'ts/no-non-null-assertion': 'error',
      'ts/no-unsafe-argument': 'error',
      'ts/no-unsafe-assignment': 'error',
      'ts/no-unsafe-call': 'error',
      'ts/no-unsafe-member-access': 'error',
      'ts/no-unsafe-return': 'error',
      'ts/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'ts/only-throw-error': 'error',
      'ts/prefer-promise-reject-errors': 'error',
      // What `using` or `catch` is to cover has ended when it does.
      'ts/return-await': ['error', 'error-handling-correctness-only'],
      'ts/require-array-sort-compare': 'error',
      'ts/restrict-plus-operands': 'error',
      'ts/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'ts/use-unknown-in-catch-callback-variable': 'error',
      eqeqeq: 'error',
      'no-console': 'off',
      'no-constant-condition': ['error', { checkLoops: false }],
      'no-debugger': 'error',
      'no-duplicate-case': 'error',
      'no-empty': 'error',
      'no-eval': 'error',
      'no-self-compare': 'error',
      'no-unreachable': 'error',
      'no-unsafe-finally': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
);
