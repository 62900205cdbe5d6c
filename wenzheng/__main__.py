from wenzheng.cli import main

main()
