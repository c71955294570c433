# What a committed intent and a second of samples cost, built only with -DOPS_BENCH=ON. Run: journal_bench FOLDER
add_executable(journal_bench ${CMAKE_SOURCE_DIR}/bench/journal_bench.cc)
target_link_libraries(journal_bench PRIVATE ops_record)
