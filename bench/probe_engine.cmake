# The load test of the probe engine, built only with -DOPS_BENCH=ON. Run: probe_engine_bench
add_executable(probe_engine_bench ${CMAKE_SOURCE_DIR}/bench/probe_engine_bench.cc)
target_link_libraries(probe_engine_bench PRIVATE ops_io)
