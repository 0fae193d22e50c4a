{
  'variables': {
    # 1 adds the test-only addon `probe` (npm run build:probe).
    'with_probe%': 0,
  },
  'target_defaults': {
    'include_dirs': ['.'],
    'cflags': ['-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror'],
    'cflags_cc!': ['-std=gnu++17', '-fexceptions', '-frtti'],
    'cflags_cc': ['-std=gnu++20', '-fno-exceptions', '-fno-rtti', '-fvisibility-inlines-hidden'],
    'target_conditions': [
      [
        '_type=="loadable_module"',
        {
          # A worker that is being terminated can neither call nor throw: a call that fails so is no error of ours.
          'defines': [
            'NAPI_VERSION=8',
            'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
            'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
          ],
          # System directories: their headers are not ours to warn about.
          'cflags_cc': [
            '-isystem', '<!(node -p "path.resolve(require(\'node-addon-api\').include_dir)")',
            '-isystem', '<(node_root_dir)/include/node',
          ],
          # Threads of the engine may outlive the environment that loaded it; a symbol that this system does not have shows
          # when the addon is loaded, and not when it is first called.
          'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,now'],
        },
      ],
    ],
    'default_configuration': 'Release',
    'configurations': {
      'Release': {
        'cflags!': ['-O3'],
        'cflags': ['-O2'],
      },
      # The sanitizer build: npm run test:asan. UBSan's vptr check needs the RTTI that is off here.
      'Debug': {
        'defines!': ['DEBUG', '_DEBUG'],
        'cflags!': ['-O0'],
        'cflags': [
          '-O1',
          '-g',
          '-fsanitize=address,undefined',
          '-fno-sanitize=vptr',
          '-fno-sanitize-recover=undefined',
          '-fno-omit-frame-pointer',
        ],
        'ldflags': ['-fsanitize=address,undefined'],
      },
    },
  },
  'targets': [
    {
      'target_name': 'engine',
      'type': 'static_library',
      'sources': ['<!@(node scripts/list-sources.mjs engine)'],
    },
    {
      'target_name': 'vmoffer',
      'sources': ['<!@(node scripts/list-sources.mjs native)'],
      'dependencies': ['engine'],
    },
  ],
  'conditions': [
    [
      'with_probe==1',
      {
        'targets': [
          {
            'target_name': 'engine_probe',
            'type': 'static_library',
            'defines': ['VMO_PROBE=1'],
            'sources': ['<!@(node scripts/list-sources.mjs engine)'],
          },
          {
            # A superset of the addon: the same sources, and the hooks that specs need.
            'target_name': 'probe',
            'defines': ['VMO_PROBE=1'],
            'sources': ['<!@(node scripts/list-sources.mjs native fixtures/probe)'],
            'dependencies': ['engine_probe'],
                },
        ],
      },
    ],
  ],
}
