# What the load tests ask, the floor under their watchers, and what the repair tests break, built only with -DOPS_BENCH=ON (bench/run).
add_executable(bench_target ${CMAKE_SOURCE_DIR}/bench/target.cc)
add_executable(bench_connections ${CMAKE_SOURCE_DIR}/bench/connections.cc)
add_executable(bench_service ${CMAKE_SOURCE_DIR}/bench/service.cc)
