import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { ignores: ['build/', '**/dist/', 'out/', 'node_modules/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.cts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['ts/tsconfig.json', 'packages/cluster/ts/tsconfig.json', 'tsconfig.programs.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/unified-signatures': [
        'error',
        { ignoreDifferentlyNamedParameters: true, ignoreOverloadsWithDifferentJSDoc: true },
      ],
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      // A pin is held for as long as its block runs, and need not be named again.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreUsingDeclarations: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' },
        {
          selector: 'Program > ExpressionStatement AwaitExpression, Program > VariableDeclaration AwaitExpression',
          message: 'A top-level await would make require() of the package fail.',
        },
      ],
    },
  },
  {
    files: ['spec/**/*.ts'],
    rules: {
      // chai's assertions are properties.
      '@typescript-eslint/no-unused-expressions': 'off',
    },
  },
  {
    files: ['fixtures/**/*.cts'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: [
      'bench/**/*.ts',
      'demo/**/*.ts',
      'examples/**/*.ts',
      'fixtures/**/*.ts',
      'fuzz/**/*.ts',
      'soak/**/*.ts',
      'spec/**/*.ts',
    ],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['scripts/**/*.mjs', '*.js'],
    languageOptions: { globals: { Buffer: 'readonly', console: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
  {
    files: ['scripts/kernels/**/*.mjs'],
    languageOptions: { globals: { Buffer: 'readonly', clearTimeout: 'readonly', setTimeout: 'readonly' } },
  },
);
