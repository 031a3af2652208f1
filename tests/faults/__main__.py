from .long import main

raise SystemExit(main())
