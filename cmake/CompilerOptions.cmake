# Flags for devtask's own targets; the interface targets keep them away from everything that is merely linked.

add_library(devtask_warnings INTERFACE)
target_compile_options(devtask_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough $<$<BOOL:${DEVTASK_WERROR}>:-Werror>)

add_library(devtask_sanitizers INTERFACE)
if(DEVTASK_SANITIZE)
  # Without -fno-sanitize-recover UBSan only prints, and the test passes.
  target_compile_options(devtask_sanitizers INTERFACE
    -fsanitize=${DEVTASK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(devtask_sanitizers INTERFACE -fsanitize=${DEVTASK_SANITIZE})
endif()
if(DEVTASK_LIBFUZZER)
  # What libFuzzer is guided by, in everything that is ours; its main() only in the fuzzers (tests/fuzz).
  target_compile_options(devtask_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The sanitizers' run-time libraries replace symbols of libstdc++ and want it shared; everywhere else a
# static one saves about a millisecond at each start. What nobody calls is left out: what is not there need not
# be mapped.
add_library(devtask_static_runtime INTERFACE)
if(NOT DEVTASK_SANITIZE)
  target_link_options(devtask_static_runtime INTERFACE -static-libstdc++ -static-libgcc -Wl,--gc-sections)
endif()
