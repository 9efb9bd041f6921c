// Function clones for wider vectors, chosen when the program starts; plain functions where that is not to be had.
#pragma once

// Sanitizers instrument the resolver, which runs before their own start; other compilers and machines lack it.
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define KLIENTELA_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KLIENTELA_CLONES
#endif

// Whether functions with __attribute__((target("avx512..."))) can be written, and asked for while running.
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define KLIENTELA_WIDE 1
#endif
