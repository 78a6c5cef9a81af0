{
  'variables': {
    # Set by native/build.mjs: warnings as errors, and llhttp from the system (pkg-config) instead of native/deps.
    'werror%': 0,
    'system_llhttp%': 0,
  },
  'target_defaults': {
    'include_dirs': [
      '.',
      '<!(node -p "require(\'node-addon-api\').include_dir")',
    ],
    'defines': ['<!@(node compilation.mjs defines)'],
    'cflags': ['<!@(node compilation.mjs cflags)'],
    'cflags_c': ['<!@(node compilation.mjs cflags_c)'],
    'cflags_cc': ['<!@(node compilation.mjs cflags_cc)'],
    'cflags!': ['-Wno-unused-parameter'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
    'xcode_settings': {
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'CLANG_CXX_LIBRARY': 'libc++',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
      'GCC_OPTIMIZATION_LEVEL': '3',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'OTHER_CFLAGS': ['<!@(node compilation.mjs cflags_c)'],
      'OTHER_CPLUSPLUSFLAGS': ['<!@(node compilation.mjs cflags_cc)'],
      'OTHER_LDFLAGS': ['-Wl,-x', '-Wl,-dead_strip'],
    },
    'conditions': [
      ['"<(werror)" == "1"', {
        'cflags_cc': ['-Werror'],
        'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['-Werror']},
      }],
      ['"<(system_llhttp)" == "1"', {
        'cflags': ['<!@(pkg-config --cflags libllhttp)'],
      }, {
        'include_dirs': ['deps/llhttp'],
      }],
    ],
  },
  'targets': [
    {
      'target_name': 'brink',
      'dependencies': ['brink_small'],
      'sources': ['<!@(node compilation.mjs sources)'],
      'conditions': [
        ['OS != "mac"', {
          # Nobody in the addon calls its entry, which the linker would leave in the library.
          'ldflags': ['-s', '-Wl,--gc-sections', '-Wl,-u,napi_register_module_v1'],
        }, {
          'xcode_settings': {'OTHER_LDFLAGS': ['-Wl,-u,_napi_register_module_v1']},
        }],
        ['"<(system_llhttp)" == "1"', {
          'libraries': ['<!@(pkg-config --libs libllhttp)'],
        }, {
          'sources': ['<!@(node compilation.mjs llhttp)'],
        }],
      ],
    },
    {
      # A target of its own, because the flags are those of a target.
      'target_name': 'brink_small',
      'type': 'static_library',
      'sources': ['<!@(node compilation.mjs small_sources)'],
      'cflags': ['-fPIC'],
      'cflags_cc': ['<!@(node compilation.mjs cflags_small)'],
      'xcode_settings': {'GCC_OPTIMIZATION_LEVEL': 's'},
    },
  ],
}
